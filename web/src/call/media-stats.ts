/** The few numbers of getStats that tell whether a call is well. */
import type { LineUse } from "../generated/LineUse.js";

export interface LineStats {
  mid: string;
  direction: "in" | "out";
  use: LineUse | undefined;
  /** The layer of a sent picture that has several. */
  rid: string | undefined;
  /** Nobody is to get it, or here it has no place in sight or others are heard: nothing need come. */
  paused: boolean;
  codec: string | undefined;
  packets: number;
  /** Of what is sent: as the server says, which is `remote-inbound-rtp`. */
  packetsLost: number;
  /** Without headers and padding. */
  bytes: number;
  /** Frames encoded or decoded; 0 for audio. */
  frames: number;
  keyFrames: number;
  /** Time that encoder or decoder took, in seconds; 0 for audio. */
  codingSeconds: number;
  width: number;
  height: number;
  /** Sum over the sound that was decoded; silence adds nothing. */
  audioEnergy: number;
  /** The way to the server and back, in seconds; nothing where it is not measured. */
  roundTripSeconds: number | undefined;
}

type Raw = Record<string, unknown>;

type IsPaused = (mid: string, rid: string | undefined, use: LineUse | undefined) => boolean;

export function summarize(
  report: Iterable<[string, unknown]> | RTCStatsReport,
  useOf: (mid: string) => LineUse | undefined,
  isPaused: IsPaused = () => false,
): LineStats[] {
  const all = new Map(report as Iterable<[string, Raw]>);
  const lines: LineStats[] = [];
  const roundTrip = roundTripOf(all.values());
  for (const raw of all.values()) {
    if (raw["type"] !== "inbound-rtp" && raw["type"] !== "outbound-rtp") continue;
    const incoming = raw["type"] === "inbound-rtp";
    const mid = String(raw["mid"] ?? "");
    const codec = all.get(String(raw["codecId"]))?.["mimeType"];
    const rid = typeof raw["rid"] === "string" ? raw["rid"] : undefined;
    const use = useOf(mid);
    const number = (name: string) => numberIn(raw, name);
    lines.push({
      mid,
      direction: incoming ? "in" : "out",
      use,
      rid,
      paused: isPaused(mid, rid, use),
      codec: typeof codec === "string" ? codec : undefined,
      packets: number(incoming ? "packetsReceived" : "packetsSent"),
      packetsLost: numberIn(incoming ? raw : all.get(String(raw["remoteId"])), "packetsLost"),
      bytes: number(incoming ? "bytesReceived" : "bytesSent"),
      frames: number(incoming ? "framesDecoded" : "framesEncoded"),
      keyFrames: number(incoming ? "keyFramesDecoded" : "keyFramesEncoded"),
      codingSeconds: number(incoming ? "totalDecodeTime" : "totalEncodeTime"),
      width: number("frameWidth"),
      height: number("frameHeight"),
      audioEnergy: number("totalAudioEnergy"),
      roundTripSeconds: roundTrip,
    });
  }
  return lines;
}

function numberIn(raw: Raw | undefined, name: string): number {
  const value = raw?.[name];
  return typeof value === "number" ? value : 0;
}

/** That of the pair of addresses in use. */
function roundTripOf(all: Iterable<Raw>): number | undefined {
  for (const raw of all) {
    const used = raw["type"] === "candidate-pair" && raw["nominated"] === true;
    const seconds = raw["currentRoundTripTime"];
    if (used && typeof seconds === "number") return seconds;
  }
  return undefined;
}
