import type { ReceiverCounters } from "../../generated/ReceiverCounters.js";
import type { FramesInspection } from "../../generated/FramesInspection.js";
import type { Inspection } from "../../generated/Inspection.js";
import { epochOf, readKeyId } from "../../sframe-header.js";
import type { FrameTimes, Spread } from "../../worker/messages.js";
import { text } from "../text.js";
import { until } from "./format.js";
import { HeaderPicture } from "./header-picture.js";
import type { TabProps } from "./index.js";
import { inspectorText } from "./text.js";

/** The length of a bar at its longest, in microseconds; longer times fill it too. */
const BAR_US = 400;
/** As many as the worker keeps. */
const TIMES_MAX = 512;

const words = inspectorText.frames;

/** Frames by sender and key, how long they take, and what is in front of each. */
export function FramesTab({ view, names }: TabProps) {
  const { worker } = view;
  const core = worker?.core;
  if (worker === undefined || core === null || core === undefined) {
    return <p>{inspectorText.none}</p>;
  }
  const { frames } = core;
  return (
    <>
      <h3>{words.title}</h3>
      <p>{frames.sending === null ? words.notSending : words.sending(frames.sending)}</p>
      <Own frames={frames} core={core} />
      {frames.received.map(line => (
        <Line
          key={`${line.client} ${line.source}`}
          line={line}
          name={names.of(line.client)}
          newest={frames.epochs.at(-1)?.epoch}
        />
      ))}
      {frames.epochs.length > 0 && <h3>{words.epochs}</h3>}
      <ul class="epochs">
        {frames.epochs.map(({ epoch, expires }) => (
          <li key={epoch} class={expires === null ? "epoch newest" : "epoch"}>
            <b>{epoch}</b>{" "}
            {expires === null ? words.newest : words.expires(until(expires, core.now))}
          </li>
        ))}
      </ul>
      <Times times={worker.times} />
      <HeaderPicture lines={worker.lines} names={names} newest={frames.epochs.at(-1)?.epoch} />
    </>
  );
}

function Own({ frames, core }: { frames: FramesInspection; core: Inspection }) {
  const newest = core.group?.epoch;
  const most = Math.max(...frames.sent.map(({ sealed }) => sealed));
  if (frames.sealed === 0 && frames.unsealed === 0) return <p>{words.none}</p>;
  return (
    <section class="line-card">
      <h4>{text.call.you}</h4>
      <p class="counts">
        <Count kind="good" count={frames.sealed} name={words.sealed} />
        <Count kind="warn" count={frames.unsealed} name={words.unsealed} />
      </p>
      <ul class="key-list" data-testid="sent-keys">
        {frames.sent.map(({ key_id, sealed }) => (
          <li key={key_id}>
            <KeyName keyId={key_id} newest={newest} />
            <Bar good={sealed} held={0} bad={0} most={most} />
            <span class="number">{sealed}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Line({
  line,
  name,
  newest,
}: {
  line: ReceiverCounters;
  name: string;
  newest: number | undefined;
}) {
  const most = Math.max(...line.keys.map(({ opened, dropped }) => opened + countOf(dropped)));
  return (
    <section class="line-card">
      <h4>{`${name} · ${inspectorText.source[line.source]}`}</h4>
      <p class="counts">
        <Count kind="good" count={line.opened} name={words.opened} />
        <Count kind="warn" count={line.held} name={words.held} />
        {line.dropped.map(([reason, count]) => (
          <Count
            key={reason}
            kind="bad"
            count={count}
            name={`${words.dropped}: ${words.reason[reason] ?? reason}`}
          />
        ))}
      </p>
      <ul class="key-list" data-testid="received-keys">
        {line.keys.map(({ key_id, opened, held, dropped }) => (
          <li key={key_id}>
            <KeyName keyId={key_id} newest={newest} />
            <Bar good={opened} held={held} bad={countOf(dropped)} most={most} />
            <span class="number">{opened}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Count({
  kind,
  count,
  name,
}: {
  kind: "good" | "warn" | "bad";
  count: number;
  name: string;
}) {
  if (count === 0 && kind !== "good") return null;
  return (
    <span class={`count ${kind}`}>
      <b>{count}</b> {name}
    </span>
  );
}

function KeyName({ keyId, newest }: { keyId: number; newest: number | undefined }) {
  const { context, leaf, epochMod64 } = readKeyId(keyId);
  const epoch = newest === undefined ? undefined : epochOf(epochMod64, newest);
  return (
    <span class="key-name">
      <code>0x{keyId.toString(16)}</code>{" "}
      <span class="hint">
        {words.keyParts(
          context,
          leaf,
          epoch === undefined ? `${epochMod64} mod 64` : String(epoch),
        )}
      </span>
    </span>
  );
}

function countOf(dropped: readonly (readonly [string, number])[]): number {
  return dropped.reduce((sum, [, count]) => sum + count, 0);
}

/** Counts as widths; `most` fills it. The numbers stand beside it. */
function Bar({ good, held, bad, most }: { good: number; held: number; bad: number; most: number }) {
  const all = Math.max(1, most);
  return (
    <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-ground" width="100" height="6" />
      <rect class="bar-good" width={(good / all) * 100} height="6" />
      <rect class="bar-bad" x={(good / all) * 100} width={(bad / all) * 100} height="6" />
      <rect class="bar-held" width={Math.min(100, (held / all) * 100)} y="4" height="2" />
    </svg>
  );
}

function Times({ times }: { times: FrameTimes }) {
  const { columns } = words;
  return (
    <>
      <h3>{words.times}</h3>
      <div class="table-place" tabIndex={0} role="group" aria-label={words.times}>
        <table data-testid="times">
          <thead>
            <tr>
              <th scope="col">{columns.work}</th>
              <th scope="col">{columns.p50}</th>
              <th scope="col">{columns.p95}</th>
              <th scope="col">{columns.mean}</th>
              <th scope="col">{columns.frames}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {(["audio", "video"] as const).flatMap(kind =>
              (["seal", "open"] as const).map(work => {
                const spread = times[kind][work];
                return (
                  <tr key={`${kind} ${work}`}>
                    <th scope="row">{`${words.kind[kind]}, ${words.work[work]}`}</th>
                    <td class="number">{micros(spread.p50Us, spread)}</td>
                    <td class="number">{micros(spread.p95Us, spread)}</td>
                    <td class="number">{micros(spread.meanUs, spread)}</td>
                    <td class="number">{spread.frames}</td>
                    <td class="spread-place">
                      <SpreadBar spread={spread} />
                    </td>
                  </tr>
                );
              }),
            )}
          </tbody>
        </table>
      </div>
      <p class="hint">{words.timesHint(TIMES_MAX)}</p>
    </>
  );
}

function micros(value: number, { frames }: Spread): string {
  return frames === 0 ? "–" : words.microseconds(value);
}

/** From 0 to p95, with p50 in it. */
function SpreadBar({ spread }: { spread: Spread }) {
  const at = (us: number) => Math.min(100, (us / BAR_US) * 100);
  return (
    <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-ground" width="100" height="6" />
      <rect class="bar-spread" width={at(spread.p95Us)} height="6" />
      <rect class="bar-good" width={at(spread.p50Us)} height="6" />
    </svg>
  );
}
