/** What the inspector draws of a call: the worker's view, and what the browser measures of sound and picture. */
import type { LineUse } from "../generated/LineUse.js";
import type { WorkerInspection } from "../worker/messages.js";

export interface InspectionView {
  /** Nothing while there is no worker. */
  readonly worker: WorkerInspection | undefined;
  readonly media: MediaSample;
}

/** Counters of the browser at one moment. */
export interface MediaSample {
  readonly lines: readonly LineSample[];
  readonly way: Way | undefined;
}

/** One line's counters since it began. Nothing where the browser does not say. */
export interface LineSample {
  readonly id: string;
  /** On the browser's clock, in milliseconds. */
  readonly at: number;
  readonly direction: "in" | "out";
  readonly use: LineUse | undefined;
  /** The layer of a sent picture that has several. */
  readonly rid?: string | undefined;
  /** As in `LineStats`. */
  readonly paused?: boolean;
  /** How tall the place of a received picture is, in pixels of the screen, as the server was told. */
  readonly place?: number | undefined;
  readonly codec: string | undefined;
  readonly bytes: number;
  readonly packets: number;
  /** Packets that did not come; of sent ones, as the server reports. */
  readonly lost: number | undefined;
  readonly jitterMs: number | undefined;
  readonly roundTripMs: number | undefined;
  /** Frames encoded or decoded; of sound, nothing. */
  readonly frames: number | undefined;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly keyFrames: number | undefined;
  /** Wishes for a key frame and reports of loss, from whoever receives. */
  readonly pli: number | undefined;
  readonly nack: number | undefined;
  /** Why an encoder sends less than it could. */
  readonly limitedBy: string | undefined;
}

/** The way to the server. Without addresses: who exports this need not tell where they are. */
export interface Way {
  readonly state: string;
  readonly roundTripMs: number | undefined;
  readonly localType: string | undefined;
  readonly remoteType: string | undefined;
  readonly protocol: string | undefined;
  readonly dtls: string | undefined;
  readonly srtp: string | undefined;
  /** What the browser believes it can send, in bits per second. */
  readonly availableBps: number | undefined;
}

/** What two samples of a line say of the time between them. */
export interface LineRates {
  readonly bitsPerSecond: number;
  readonly packetsPerSecond: number;
  /** Share of packets that were lost, 0 to 1. */
  readonly lossShare: number | undefined;
  readonly framesPerSecond: number | undefined;
}

/** What the page knows of a line itself. */
export type About = Pick<LineSample, "paused" | "place">;

type Raw = Record<string, unknown>;

export function readMedia(
  report: Iterable<[string, unknown]> | RTCStatsReport,
  useOf: (mid: string) => LineUse | undefined,
  about: (mid: string, rid: string | undefined, use: LineUse | undefined) => About = () => ({}),
): MediaSample {
  const all = new Map(report as Iterable<[string, Raw]>);
  const lines = [...all.values()].flatMap(raw => {
    const { type } = raw;
    if (type !== "inbound-rtp" && type !== "outbound-rtp") return [];
    const mid = String(raw["mid"] ?? "");
    const rid = text(raw, "rid");
    const use = useOf(mid);
    return [{ ...lineOf(raw, all, use), rid, ...about(mid, rid, use) }];
  });
  return { lines, way: wayOf(all) };
}

function lineOf(raw: Raw, all: ReadonlyMap<string, Raw>, use: LineUse | undefined): LineSample {
  const incoming = raw["type"] === "inbound-rtp";
  // What the other end of a sent line says of it.
  const remote = all.get(String(raw["remoteId"])) ?? {};
  const heard = incoming ? raw : remote;
  return {
    id: String(raw["id"] ?? ""),
    at: number(raw, "timestamp") ?? 0,
    direction: incoming ? "in" : "out",
    use,
    codec: text(all.get(String(raw["codecId"])) ?? {}, "mimeType"),
    bytes: number(raw, incoming ? "bytesReceived" : "bytesSent") ?? 0,
    packets: number(raw, incoming ? "packetsReceived" : "packetsSent") ?? 0,
    lost: number(heard, "packetsLost"),
    jitterMs: milliseconds(number(heard, "jitter")),
    roundTripMs: milliseconds(number(remote, "roundTripTime")),
    frames:
      raw["kind"] === "video"
        ? number(raw, incoming ? "framesDecoded" : "framesEncoded")
        : undefined,
    width: number(raw, "frameWidth"),
    height: number(raw, "frameHeight"),
    keyFrames: number(raw, incoming ? "keyFramesDecoded" : "keyFramesEncoded"),
    pli: number(raw, "pliCount"),
    nack: number(raw, "nackCount"),
    limitedBy: text(raw, "qualityLimitationReason"),
  };
}

function wayOf(all: ReadonlyMap<string, Raw>): Way | undefined {
  const raws = [...all.values()];
  const transport = raws.find(raw => raw["type"] === "transport");
  const pair =
    all.get(String(transport?.["selectedCandidatePairId"])) ??
    raws.find(raw => raw["type"] === "candidate-pair" && raw["nominated"] === true);
  if (pair === undefined) return undefined;
  const local = all.get(String(pair["localCandidateId"])) ?? {};
  return {
    state: text(pair, "state") ?? "",
    roundTripMs: milliseconds(number(pair, "currentRoundTripTime")),
    localType: text(local, "candidateType"),
    remoteType: text(all.get(String(pair["remoteCandidateId"])) ?? {}, "candidateType"),
    protocol: text(local, "protocol"),
    dtls: text(transport ?? {}, "dtlsCipher"),
    srtp: text(transport ?? {}, "srtpCipher"),
    availableBps: number(pair, "availableOutgoingBitrate"),
  };
}

/** Nothing where `before` is of another line, or no time passed. */
export function ratesOf(before: LineSample | undefined, now: LineSample): LineRates | undefined {
  if (before?.id !== now.id) return undefined;
  const seconds = (now.at - before.at) / 1000;
  const bytes = now.bytes - before.bytes;
  const packets = now.packets - before.packets;
  // Counters that went back are of another stream.
  if (seconds <= 0 || bytes < 0 || packets < 0) return undefined;
  const lost =
    now.lost === undefined || before.lost === undefined ? undefined : now.lost - before.lost;
  // What the server reports as lost is among what was sent, what did not come is beside what did.
  const expected = now.direction === "in" ? packets + Math.max(0, lost ?? 0) : packets;
  return {
    bitsPerSecond: (bytes * 8) / seconds,
    packetsPerSecond: packets / seconds,
    lossShare:
      lost === undefined || expected === 0 ? undefined : Math.min(1, Math.max(0, lost / expected)),
    framesPerSecond:
      now.frames === undefined || before.frames === undefined
        ? undefined
        : Math.max(0, now.frames - before.frames) / seconds,
  };
}

function number(raw: Raw, name: string): number | undefined {
  const value = raw[name];
  return typeof value === "number" ? value : undefined;
}

function text(raw: Raw, name: string): string | undefined {
  const value = raw[name];
  return typeof value === "string" ? value : undefined;
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
