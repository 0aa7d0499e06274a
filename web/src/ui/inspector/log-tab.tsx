import { useState } from "preact/hooks";
import { type Names, bytes, duration } from "./format.js";
import type { TabProps } from "./index.js";
import { type LogRow, rowOf } from "./log-rows.js";
import { inspectorText } from "./text.js";

/** So many rows are drawn at first, and with each wish for more. */
const PAGE = 60;
const PICTURE = { spanMs: 60_000, width: 600, height: 70 };
/** The size that reaches the top of the picture. */
const LARGEST_BYTES = 100_000;

const words = inspectorText.log;

/** The log as it came, and what was refused. */
export function LogTab({ view, names }: TabProps) {
  const [onlyBad, setOnlyBad] = useState(false);
  const [most, setMost] = useState(PAGE);
  const core = view.worker?.core;
  if (core === null || core === undefined) return <p>{inspectorText.none}</p>;
  const { records, forgotten } = core.history;
  const all = records.map(rowOf).reverse();
  const rows = onlyBad ? all.filter(({ bad }) => bad) : all;
  return (
    <>
      <h3>{words.title}</h3>
      <Timeline rows={all} now={core.now} />
      <label class="check">
        <input
          type="checkbox"
          checked={onlyBad}
          onChange={event => setOnlyBad(event.currentTarget.checked)}
        />
        {words.onlyRefused}
      </label>
      {rows.length === 0 ? (
        <p>{all.length === 0 ? words.nothing : words.empty}</p>
      ) : (
        <ol class="log" data-testid="log">
          {rows.slice(0, most).map(row => (
            <Row key={row.number} row={row} now={core.now} names={names} />
          ))}
        </ol>
      )}
      {rows.length > most && (
        <button type="button" class="button" onClick={() => setMost(most + PAGE)}>
          {words.older(rows.length - most)}
        </button>
      )}
      {forgotten > 0 && <p class="hint">{words.forgotten(forgotten)}</p>}
    </>
  );
}

function Row({ row, now, names }: { row: LogRow; now: number; names: Names }) {
  const { kind, seq, client, bytes: size, outcome, at, bad } = row;
  return (
    <li class={bad ? "bad-row" : undefined} data-seq={seq}>
      <span class={`kind ${kind}`}>{words.kind[kind]}</span>
      {seq !== undefined && <span class="number">#{seq}</span>}
      {client !== undefined && <b>{names.of(client)}</b>}
      <span class="outcome">{outcome}</span>
      <span class="number when">
        {size ? `${bytes(size)} · ` : ""}
        {inspectorText.ago(duration(now - at))}
      </span>
    </li>
  );
}

/** A bar for each entry of the last minute. Heights are logarithmic: a Welcome is much larger than a message. */
function Timeline({ rows, now }: { rows: readonly LogRow[]; now: number }) {
  const { spanMs, width, height } = PICTURE;
  const shown = rows.filter(({ at }) => now - at < spanMs);
  const tall = (size: number) =>
    Math.max(4, (Math.log10(1 + size) / Math.log10(LARGEST_BYTES)) * (height - 8));
  return (
    <svg
      class="timeline"
      role="img"
      aria-label={words.picture}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
    >
      <path class="timeline-ground" d={`M0 ${height - 1}H${width}`} />
      {shown.map(row => (
        <rect
          key={row.number}
          class={row.bad ? "kind-bar bad" : `kind-bar ${row.kind}`}
          x={width - 4 - ((now - row.at) / spanMs) * (width - 8)}
          y={height - 1 - Math.min(height, tall(row.bytes ?? 0))}
          width="4"
          height={Math.min(height, tall(row.bytes ?? 0))}
        />
      ))}
    </svg>
  );
}
