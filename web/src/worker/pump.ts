/** The way of each frame through a transform. A frame leaves encrypted and arrives authenticated, or not at all. */
import type { Source } from "../generated/Source.js";
import { kindOf } from "../media-kind.js";
import { type FrameCrypto, codecOf } from "./frame-crypto.js";
import { HeadWatch } from "./frame-watch.js";
import type { Codec, FrameCounts } from "./messages.js";

/** The part of `RTCEncodedAudioFrame` and `RTCEncodedVideoFrame` that is used. */
export interface EncodedFrame {
  data: ArrayBuffer;
  getMetadata(): { mimeType?: string; synchronizationSource?: number };
}

export type Enqueue = (frame: EncodedFrame) => void;

/** Frames that a receiver may have put aside. The core's own bound is lower. */
const HELD_MAX = 1024;

/** Encrypts the frames of one source, each layer under keys of its own. */
export class SenderPump {
  readonly head = new HeadWatch();
  private readonly ids = new Map<number, number>();

  constructor(
    private readonly source: Source,
    private readonly sole: Codec | undefined,
    private readonly counts: FrameCounts,
    /** The layer of an SSRC. */
    private readonly layerOf: (ssrc: number | undefined) => number,
  ) {}

  /** Enqueues the frame encrypted, or drops it. Never throws. */
  frame(crypto: FrameCrypto | undefined, frame: EncodedFrame, enqueue: Enqueue): void {
    try {
      if (crypto === undefined) {
        this.counts.waitingForKey++;
        return;
      }
      const { mimeType, synchronizationSource } = frame.getMetadata();
      const kind = kindOf(this.source);
      const codec = codecOf(mimeType, kind, this.sole);
      if (codec === undefined) {
        this.counts.unknownCodec++;
        return;
      }
      const layer = kind === "video" ? this.layerOf(synchronizationSource) : 0;
      const sealed = crypto.seal(this.sender(crypto, layer), codec, frame.data);
      if (sealed === undefined) {
        this.counts.waitingForKey++;
        return;
      }
      this.head.note(codec, sealed);
      frame.data = sealed;
      enqueue(frame);
      this.counts.sealed++;
    } catch {
      this.counts.failed++;
    }
  }

  private sender(crypto: FrameCrypto, layer: number): number {
    const id = this.ids.get(layer) ?? crypto.core.sender(this.source, layer);
    this.ids.set(layer, id);
    return id;
  }
}

/** Decrypts the frames of one source of one client, and keeps those whose key is still to come. */
export class ReceiverPump {
  readonly head = new HeadWatch();
  private id: number | undefined;
  private nextTicket = 0;
  private readonly held = new Map<number, EncodedFrame>();

  constructor(
    private readonly client: string,
    private readonly source: Source,
    private readonly counts: FrameCounts,
    private readonly askForKeyFrame: () => void,
  ) {}

  /** Enqueues the frame decrypted, holds it, or drops it. Never throws. Whether the core may have something to say. */
  frame(crypto: FrameCrypto | undefined, frame: EncodedFrame, enqueue: Enqueue): boolean {
    if (crypto === undefined) {
      this.counts.refused++;
      return false;
    }
    const ticket = this.nextTicket++ >>> 0;
    return !this.open(crypto, ticket, frame, enqueue);
  }

  /** Enqueues the held frames whose key has come. Never throws. */
  release(crypto: FrameCrypto, enqueue: Enqueue): void {
    try {
      if (this.id === undefined) return;
      // Bounded, should a released frame be held anew.
      for (let left = this.held.size + 1; left > 0; left--) {
        const ticket = crypto.released(this.id);
        if (ticket === undefined) return;
        const frame = this.held.get(ticket);
        if (frame === undefined) continue;
        this.held.delete(ticket);
        this.open(crypto, ticket, frame, enqueue);
      }
    } catch {
      this.counts.failed++;
    }
  }

  /** To be called when no further frame comes. */
  close(crypto: FrameCrypto | undefined): void {
    this.held.clear();
    try {
      if (this.id !== undefined) crypto?.core.close_receiver(this.id);
    } catch {
      this.counts.failed++;
    }
    this.id = undefined;
  }

  /** Whether the frame was enqueued. */
  private open(
    crypto: FrameCrypto,
    ticket: number,
    frame: EncodedFrame,
    enqueue: Enqueue,
  ): boolean {
    try {
      // A wrong guess opens nothing.
      const kind = kindOf(this.source);
      const guess = kind === "audio" ? "opus" : "vp8";
      const codec = codecOf(frame.getMetadata().mimeType, kind, guess);
      if (codec === undefined) {
        this.counts.unknownCodec++;
        return false;
      }
      this.id ??= crypto.core.receiver(this.client, this.source);
      const opened = crypto.open(this.id, ticket, codec, frame.data);
      if (opened === "held") {
        if (this.held.size < HELD_MAX) {
          this.held.set(ticket, frame);
          this.counts.held++;
        } else {
          this.counts.refused++;
        }
        return false;
      }
      if (typeof opened === "string") {
        this.counts.refused++;
        if (opened === "key_frame_wanted") this.askForKeyFrame();
        return false;
      }
      this.head.note(codec, frame.data);
      frame.data = opened;
      enqueue(frame);
      this.counts.opened++;
      return true;
    } catch {
      this.counts.failed++;
      return false;
    }
  }
}
