import { useId, useState } from "preact/hooks";
import { epochOf, readKeyId, readSframeHeader } from "../../sframe-header.js";
import type { FrameHead, FrameUse, LineHead } from "../../worker/messages.js";
import type { Names } from "./format.js";
import { inspectorText } from "./text.js";

/** The tag at the end of each frame, in bytes (AES-GCM). */
const TAG_BYTES = 16;

const words = inspectorText.frames;

/** The head of a line's last frame, byte by byte. */
export function HeaderPicture({
  lines,
  names,
  newest,
}: {
  lines: readonly LineHead[];
  names: Names;
  newest: number | undefined;
}) {
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const select = useId();
  const line = lines.find(({ use }) => idOf(use) === chosen) ?? lines[0];
  return (
    <>
      <h3>{words.header}</h3>
      {line === undefined ? (
        <p>{words.none}</p>
      ) : (
        <>
          <label for={select}>{words.line}</label>
          <select
            id={select}
            value={idOf(line.use)}
            onChange={event => setChosen(event.currentTarget.value)}
          >
            {lines.map(({ use }) => (
              <option key={idOf(use)} value={idOf(use)}>
                {nameOf(use, names)}
              </option>
            ))}
          </select>
          {line.head === null ? <p>{words.noFrame}</p> : <Head head={line.head} newest={newest} />}
        </>
      )}
    </>
  );
}

function Head({ head, newest }: { head: FrameHead; newest: number | undefined }) {
  const header = readSframeHeader(new Uint8Array(head.header));
  if (header === undefined) return <p>{words.noFrame}</p>;
  const { keyIdBytes, counterBytes, keyId, counter, length } = header;
  const { context, leaf, epochMod64 } = readKeyId(keyId);
  const epoch = newest === undefined ? undefined : epochOf(epochMod64, newest);
  const key = head.header.slice(1, 1 + keyIdBytes);
  const rest = head.frameBytes - head.clear.length - length;
  return (
    <div data-testid="header">
      <ul class="bytes">
        {head.clear.length > 0 && (
          <Part kind="clear" name={words.parts.clear} bytes={head.clear}>
            {words.bytes(head.clear.length)}
          </Part>
        )}
        <Part kind="config" name={words.parts.config} bytes={head.header.slice(0, 1)}>
          {words.config(keyIdBytes, counterBytes)}
        </Part>
        <Part kind="key-id" name={words.parts.keyId} bytes={key}>
          {`0x${keyId.toString(16)} = ${words.keyParts(
            context,
            leaf,
            epoch === undefined ? `${epochMod64} mod 64` : String(epoch),
          )}`}
        </Part>
        <Part kind="counter" name={words.parts.counter} bytes={head.header.slice(1 + keyIdBytes)}>
          {String(counter)}
        </Part>
        <Part kind="rest" name={words.parts.rest} bytes={undefined}>
          {words.bytes(rest)}
        </Part>
      </ul>
      <p class="hint">{words.overhead(length + TAG_BYTES)}</p>
    </div>
  );
}

/** `bytes`: in hexadecimal; ciphertext is not shown. */
function Part({
  kind,
  name,
  bytes,
  children,
}: {
  kind: string;
  name: string;
  bytes: readonly number[] | undefined;
  children: string;
}) {
  return (
    <li class={`byte-part ${kind}`}>
      <code>
        {bytes === undefined
          ? "···"
          : bytes.map(byte => byte.toString(16).padStart(2, "0")).join(" ") || "–"}
      </code>
      <b>{name}</b>
      <span>{children}</span>
    </li>
  );
}

function idOf(use: FrameUse): string {
  return use.kind === "send" ? use.source : `${use.client} ${use.source}`;
}

function nameOf(use: FrameUse, names: Names): string {
  const source = inspectorText.source[use.source];
  return use.kind === "send" ? words.sent(source) : words.received(names.of(use.client), source);
}
