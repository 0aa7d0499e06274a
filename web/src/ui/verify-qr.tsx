import { encode } from "uqr";
import { text } from "./text.js";

/** Light modules around the code: fewer, and scanners do not find it (ISO/IEC 18004). */
const QUIET = 4;

/** The safety number for another device's camera: a text to compare, no address. */
export function NumberCode({ groups }: { groups: readonly string[] }) {
  const { size, data } = encode(codeText(groups), { ecc: "M", border: QUIET });
  return (
    <svg
      class="qr"
      role="img"
      aria-label={text.verify.qrLabel}
      viewBox={`0 0 ${size} ${size}`}
      shape-rendering="crispEdges"
      data-testid="qr"
    >
      <rect class="qr-ground" width={size} height={size} />
      <path class="qr-ink" d={pathOf(data)} />
    </svg>
  );
}

/** What the code says, see docs/protocol.md. */
export function codeText(groups: readonly string[]): string {
  return `TANGELO 1: ${groups.join(" ")}`;
}

/** One stroke for each run of dark modules. */
export function pathOf(rows: readonly (readonly boolean[])[]): string {
  return rows
    .flatMap((row, y) =>
      row.flatMap((dark, x) => {
        if (!dark || row[x - 1] === true) return [];
        const end = row.indexOf(false, x);
        return [`M${x} ${y}h${(end < 0 ? row.length : end) - x}v1H${x}z`];
      }),
    )
    .join("");
}
