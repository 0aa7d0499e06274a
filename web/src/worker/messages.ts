/**
 * What page and worker say to each other. No key ever crosses, and no secret but the link and, in `room_made`, the host
 * secret: the page keeps it for the device that made the room. Tested in web/e2e/worker-messages.test.mjs.
 */
import type { Command } from "../generated/Command.js";
import type { Event as CallEvent } from "../generated/Event.js";
import type { Inspection } from "../generated/Inspection.js";
import type { MediaKind } from "../generated/MediaKind.js";
import type { Source } from "../generated/Source.js";

/** A frame's codec, as the core names it. */
export type Codec = "opus" | "vp8" | "vp9";

export type { CallEvent, Command };

export type ToWorker =
  /** Make an unguessable room; answered by `room_made`. */
  | { type: "make_room" }
  /** Join a call; at most one in a worker's life. */
  | { type: "join"; link: string; host: string; name: string }
  | { type: "command"; command: Command }
  /** Answered by `pong`, as long as the worker is alive. */
  | { type: "ping" }
  /** The page has closed a peer connection. */
  | { type: "connection_closed"; connection: number }
  /** Answered by `stats` with the same number. */
  | { type: "get_stats"; request: number }
  /** Answered by `inspection` with the same number. */
  | { type: "get_inspection"; request: number };

export type FromWorker =
  /** The worker's program and its WASM module are there. */
  | { type: "loaded" }
  | { type: "pong" }
  /** `path` is `/r/_ROOM#SECRET`; `hostSecret` stays on this device. */
  | { type: "room_made"; path: string; hostSecret: string }
  | { type: "event"; event: CallEvent }
  | { type: "stats"; request: number; stats: WorkerStats }
  | { type: "inspection"; request: number; inspection: WorkerInspection }
  /** The connection is closed after `leave`: the worker may be ended. */
  | { type: "closed" }
  /** The worker cannot go on. `text` says more, for people, where `reason` is `refused`. */
  | { type: "failed"; reason: Failure; text: string };

export type Failure =
  /** The worker's program or its WASM module did not load. */
  | "not_loaded"
  /** The core refused the link or the name. */
  | "refused"
  /** A fault in the program. */
  | "crashed";

/** Whose frames pass through a transform. */
export type FrameUse =
  /** `sole`: the codec of frames that the browser does not name, if there can be only one. */
  | { kind: "send"; source: Source; sole: Codec | undefined }
  | { kind: "receive"; client: string; source: Source };

/** The `options` of every `RTCRtpScriptTransform`. */
export interface TransformOptions {
  use: FrameUse;
  /** The page's number for the peer connection that it belongs to. */
  connection: number;
  /** The page's number for the line within that connection; has one transform at a time. */
  line: number;
}

export interface WorkerStats {
  /** The session's counters, as the WASM core gives them. */
  core: unknown;
  /** Frames that came to the transforms, by what became of them. */
  frames: FrameCounts;
}

/** What the inspector shows of the worker: names and identities, and no secret. */
export interface WorkerInspection {
  /** Nothing before somebody joined. */
  core: Inspection | null;
  frames: FrameCounts;
  times: FrameTimes;
  /** Every line whose frames pass through the worker. */
  lines: LineHead[];
}

/** How long the last frames took from the browser's buffer to the browser's buffer. */
export type FrameTimes = Record<MediaKind, { seal: Spread; open: Spread }>;

/** Times in microseconds. */
export interface Spread {
  /** How many were measured. */
  frames: number;
  p50Us: number;
  p95Us: number;
  maxUs: number;
  meanUs: number;
}

export interface LineHead {
  use: FrameUse;
  /** The last sealed frame. */
  head: FrameHead | null;
}

/** The part of a sealed frame that anyone on the way can read. */
export interface FrameHead {
  codec: Codec;
  /** Length of the whole frame. */
  frameBytes: number;
  /** The bytes that the codec leaves in clear. */
  clear: number[];
  /** The SFrame header. */
  header: number[];
}

export interface FrameCounts {
  sealed: number;
  opened: number;
  /** Dropped by senders, which have no key yet. */
  waitingForKey: number;
  /** Put aside by receivers, until the key comes. */
  held: number;
  /** Dropped by receivers: not authentic, replayed, or held for too long. */
  refused: number;
  /** Dropped because their codec is not one that Tangelo encrypts. */
  unknownCodec: number;
  /** Dropped because something threw. */
  failed: number;
}

export function noFrames(): FrameCounts {
  return {
    sealed: 0,
    opened: 0,
    waitingForKey: 0,
    held: 0,
    refused: 0,
    unknownCodec: 0,
    failed: 0,
  };
}
