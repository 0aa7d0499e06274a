/** Copies frames into WASM memory, has them encrypted or decrypted there, and copies them out again. */
import type { Core } from "../generated/wasm/tangelo_call.js";
import type { MediaKind } from "../generated/MediaKind.js";
import { FrameClock } from "./frame-watch.js";
import type { Codec } from "./messages.js";

/** What the core says of a frame that it did not open. */
export type Unopened = "held" | "dropped" | "key_frame_wanted";

/** The part of the core that frames need. */
export type FrameCore = Pick<
  Core,
  "sender" | "receiver" | "close_receiver" | "scratch" | "output" | "seal" | "open" | "released"
>;

export class FrameCrypto {
  readonly clock = new FrameClock();

  constructor(
    readonly core: FrameCore,
    private readonly memory: { readonly buffer: ArrayBuffer },
    private readonly nowMs: () => number,
  ) {}

  /** The encrypted frame; nothing if there is no key yet. */
  seal(sender: number, codec: Codec, data: ArrayBuffer): ArrayBuffer | undefined {
    const began = this.nowMs();
    this.write(data);
    const length = this.core.seal(began, sender, codec, data.byteLength);
    if (length < 0) return undefined;
    const sealed = this.read(length);
    this.clock.add(kindOfCodec(codec), "seal", this.nowMs() - began);
    return sealed;
  }

  /** The decrypted frame, or why there is none. A held frame is asked for again under its ticket, see `released`. */
  open(receiver: number, ticket: number, codec: Codec, data: ArrayBuffer): ArrayBuffer | Unopened {
    const began = this.nowMs();
    this.write(data);
    const length = this.core.open(began, receiver, ticket, codec, data.byteLength);
    if (length >= 0) {
      const opened = this.read(length);
      this.clock.add(kindOfCodec(codec), "open", this.nowMs() - began);
      return opened;
    }
    if (length === -1) return "held";
    return length === -3 ? "key_frame_wanted" : "dropped";
  }

  /** The ticket of the next held frame whose time has come. */
  released(receiver: number): number | undefined {
    const ticket = this.core.released(this.nowMs(), receiver);
    return ticket < 0 ? undefined : ticket;
  }

  // Any call may grow the memory, which detaches `buffer`: it is taken afresh each time.
  private write(data: ArrayBuffer): void {
    const at = this.core.scratch(data.byteLength);
    new Uint8Array(this.memory.buffer, at, data.byteLength).set(new Uint8Array(data));
  }

  private read(length: number): ArrayBuffer {
    const at = this.core.output();
    return this.memory.buffer.slice(at, at + length);
  }
}

function kindOfCodec(codec: Codec): MediaKind {
  return codec === "opus" ? "audio" : "video";
}

const CODECS = new Map<string, Codec>([
  ["audio/opus", "opus"],
  ["video/vp8", "vp8"],
  ["video/vp9", "vp9"],
]);

/**
 * The codec of a frame: what the browser says, or `sole` where it says nothing. Nothing: not one of ours. A guess would
 * not do: what stays in clear depends on the codec.
 */
export function codecOf(
  mimeType: string | undefined,
  kind: MediaKind,
  sole: Codec | undefined,
): Codec | undefined {
  if (mimeType === undefined || mimeType === "") return sole;
  const name = mimeType.toLowerCase();
  return name.startsWith(`${kind}/`) ? CODECS.get(name) : undefined;
}
