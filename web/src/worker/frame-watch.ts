/** What the inspector wants to know of frames: how long they take, and the head of the last one. Cheap and bounded. */
import type { MediaKind } from "../generated/MediaKind.js";
import { clearBytes, readSframeHeader } from "../sframe-header.js";
import type { Codec, FrameHead, FrameTimes, Spread } from "./messages.js";

/** So many times are kept of each kind. */
const TIMES_MAX = 512;
/** The longest clear prefix and the longest header, in bytes. */
const HEAD_MAX = 10 + 17;

export type Work = "seal" | "open";

/** The last times of one kind of work. */
class Times {
  private readonly ring = new Float64Array(TIMES_MAX);
  private count = 0;

  add(ms: number): void {
    this.ring[this.count++ % TIMES_MAX] = ms;
  }

  spread(): Spread {
    const times = this.ring.slice(0, Math.min(this.count, TIMES_MAX)).sort();
    const at = (share: number) => (times[Math.ceil(times.length * share) - 1] ?? 0) * 1000;
    const sum = times.reduce((all, ms) => all + ms, 0);
    return {
      frames: times.length,
      p50Us: at(0.5),
      p95Us: at(0.95),
      maxUs: at(1),
      meanUs: times.length === 0 ? 0 : (sum / times.length) * 1000,
    };
  }
}

/** Times of sealing and opening, by kind of media. */
export class FrameClock {
  private readonly times = {
    audio: { seal: new Times(), open: new Times() },
    video: { seal: new Times(), open: new Times() },
  };

  add(kind: MediaKind, work: Work, ms: number): void {
    this.times[kind][work].add(ms);
  }

  inspect(): FrameTimes {
    const { audio, video } = this.times;
    return {
      audio: { seal: audio.seal.spread(), open: audio.open.spread() },
      video: { seal: video.seal.spread(), open: video.open.spread() },
    };
  }
}

/** The head of the last sealed frame of a line. Clear prefix and SFrame header are shown, and nothing after them. */
export class HeadWatch {
  private readonly bytes = new Uint8Array(HEAD_MAX);
  private codec: Codec | undefined;
  private frameBytes = 0;

  /** A sealed frame passed. */
  note(codec: Codec, sealed: ArrayBuffer): void {
    this.codec = codec;
    this.frameBytes = sealed.byteLength;
    this.bytes.set(new Uint8Array(sealed, 0, Math.min(HEAD_MAX, sealed.byteLength)));
  }

  inspect(): FrameHead | null {
    const { codec, frameBytes } = this;
    const first = this.bytes[0];
    if (codec === undefined || first === undefined) return null;
    const clear = clearBytes(codec, first);
    const header = readSframeHeader(this.bytes.subarray(clear, frameBytes));
    if (header === undefined) return null;
    const bytes = [...this.bytes.subarray(0, clear + header.length)];
    return { codec, frameBytes, clear: bytes.slice(0, clear), header: bytes.slice(clear) };
  }
}
