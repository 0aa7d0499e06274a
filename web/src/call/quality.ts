/** How well a person comes through, from what getStats counts. Pure. */
import type { LineStats } from "./media-stats.js";

export interface Quality {
  readonly level: "unknown" | "good" | "fair" | "poor";
  /** Why it is not good. */
  readonly reason: QualityReason | undefined;
}

export type QualityReason =
  /** Packets are lost on the way. */
  | "loss"
  /** Packets come, and no picture is made of them. */
  | "frozen"
  /** Nothing comes at all. */
  | "nothing"
  /** The own network has no room for their pictures. */
  | "room"
  /** The way to the server takes long. */
  | "delay";

export const UNKNOWN_QUALITY: Quality = { level: "unknown", reason: undefined };
export const NO_ROOM: Quality = { level: "poor", reason: "room" };
const GOOD: Quality = { level: "good", reason: undefined };

/** Shares of packets that are lost. Opus bridges some; a picture stutters with few. */
const LOSS_FAIR = 0.03;
const LOSS_POOR = 0.1;
/** Of so few packets no share is worth anything. */
const PACKETS_MIN = 20;
/** Round trip, in seconds. */
const DELAY_FAIR_S = 0.4;

/** `before` and `now` are some seconds apart; lines are those of one person, by `mid`. */
export function qualityOf(before: readonly LineStats[], now: readonly LineStats[]): Quality {
  const steps = now.flatMap(line => {
    const old = before.find(
      ({ mid, rid, codec }) => mid === line.mid && rid === line.rid && codec === line.codec,
    );
    if (line.paused || old?.paused === true) return [];
    return old === undefined || old.packets > line.packets ? [] : [{ old, line }];
  });
  if (steps.length === 0) return UNKNOWN_QUALITY;
  const sum = (of: (line: LineStats) => number) =>
    steps.reduce((total, { old, line }) => total + of(line) - of(old), 0);
  const packets = sum(line => line.packets);
  // Packets of nothing but padding look for bandwidth, and carry nothing.
  if (sum(line => line.bytes) === 0) return { level: "poor", reason: "nothing" };
  const lost = Math.max(
    0,
    sum(line => line.packetsLost),
  );
  const share = lost / (packets + lost);
  if (packets + lost >= PACKETS_MIN && share >= LOSS_POOR) return { level: "poor", reason: "loss" };
  const frozen = steps.some(
    ({ old, line }) =>
      line.codec?.startsWith("video/") === true &&
      line.packets - old.packets >= PACKETS_MIN &&
      line.frames === old.frames,
  );
  if (frozen) return { level: "poor", reason: "frozen" };
  if (packets + lost >= PACKETS_MIN && share >= LOSS_FAIR) return { level: "fair", reason: "loss" };
  const delay = Math.max(...now.map(line => line.roundTripSeconds ?? 0));
  return delay >= DELAY_FAIR_S ? { level: "fair", reason: "delay" } : GOOD;
}
