/** Which m-line carries what. Pure: the plan that `PeerSession` carries out on its transceivers. */
import type { LineUse } from "../generated/LineUse.js";
import type { MediaKind } from "../generated/MediaKind.js";
import type { RemoteTrack } from "../generated/RemoteTrack.js";
import type { Source } from "../generated/Source.js";
import { kindOf } from "../media-kind.js";

/** A transceiver, as far as the plan cares. It keeps everything but its use for good. */
export interface Line {
  readonly kind: MediaKind;
  readonly direction: "send" | "receive";
  /** Of a sending line: whose encoder, transform and key it has. Nothing on receiving lines, which take any. */
  readonly source: Source | undefined;
  /** Nothing while it is out of use. */
  readonly use: LineUse | undefined;
}

/** What to do with a line. `line` counts from 0 in the order of transceivers; one past the end adds a line. */
export interface Change {
  readonly line: number;
  readonly to: Line;
}

/**
 * The changes that lead from `lines` to exactly these sources sent and tracks received. A receiving line out of use is
 * taken again by what comes next of its kind, a sending one only by its own source.
 */
export function plan(
  lines: readonly Line[],
  sent: readonly Source[],
  received: readonly RemoteTrack[],
): Change[] {
  const wanted: Line[] = [
    ...sent.map(source => ({
      kind: kindOf(source),
      direction: "send" as const,
      source,
      use: { type: "send" as const, source },
    })),
    ...received.map(({ client, source, kind }) => ({
      kind,
      direction: "receive" as const,
      source: undefined,
      use: { type: "receive" as const, client, source },
    })),
  ];
  const missing = wanted.filter(want => !lines.some(line => sameUse(line.use, want.use)));
  const changes: Change[] = [];
  let next = lines.length;
  lines.forEach((line, index) => {
    if (line.use === undefined) return;
    if (wanted.some(want => sameUse(line.use, want.use))) return;
    changes.push({ line: index, to: { ...line, use: undefined } });
  });
  const free = new Set(
    lines.flatMap((line, index) =>
      line.use === undefined || changes.some(change => change.line === index) ? [index] : [],
    ),
  );
  for (const want of missing) {
    const index = [...free].find(candidate => {
      const line = lines[candidate];
      return (
        line?.kind === want.kind && line.direction === want.direction && line.source === want.source
      );
    });
    if (index === undefined) {
      changes.push({ line: next++, to: want });
      continue;
    }
    free.delete(index);
    const idle = changes.findIndex(change => change.line === index);
    if (idle >= 0) changes.splice(idle, 1);
    changes.push({ line: index, to: want });
  }
  return changes;
}

export function sameUse(a: LineUse | undefined, b: LineUse | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.type !== b.type || a.source !== b.source) return false;
  return a.type === "send" || (b.type === "receive" && a.client === b.client);
}
