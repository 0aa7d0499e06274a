/** Ties the browser's encoded transforms to the pumps. */
import { kindOf } from "../media-kind.js";
import type { FrameCrypto } from "./frame-crypto.js";
import type { HeadWatch } from "./frame-watch.js";
import { Layers } from "./layers.js";
import {
  type FrameCounts,
  type FrameUse,
  type LineHead,
  type TransformOptions,
  noFrames,
} from "./messages.js";
import { type EncodedFrame, ReceiverPump, SenderPump } from "./pump.js";

/** What browsers let a transform ask for; not all of them let it ask for both. */
interface KeyFrames {
  generateKeyFrame?: (rid?: string) => Promise<unknown>;
  sendKeyFrameRequest?: () => Promise<unknown>;
}

/** The names of layers beyond the first; Rust: tangelo_wire's `LAYER_RIDS`. */
const HIGHER_RIDS = ["m", "h"];

interface OpenTransform extends TransformOptions {
  readonly head: HeadWatch;
  close(): void;
}

export class Transforms {
  readonly counts: FrameCounts = noFrames();
  private readonly layers = new Layers();
  private readonly videoSenders = new Set<KeyFrames>();
  private readonly receivers = new Set<(crypto: FrameCrypto) => void>();
  private readonly open = new Set<OpenTransform>();

  /** `crypto` gives the session's crypto once there is one; `settle` is called when the core may have news. */
  constructor(
    private readonly crypto: () => FrameCrypto | undefined,
    private readonly settle: () => void,
  ) {}

  /** Takes over a transform for as long as it has frames. */
  add(transformer: RTCRtpScriptTransformer): void {
    const place = transformer.options as TransformOptions;
    const { use, connection, line } = place;
    // A line that is taken again has another transform, and browsers need not end the stream of the one before.
    for (const old of [...this.open]) {
      if (old.connection === connection && old.line === line) old.close();
    }
    if (use.kind === "send") this.addSender(transformer, place, use);
    else this.addReceiver(transformer, place, use);
  }

  /** Lets go of a connection's transforms: not every browser ends their streams as it closes. */
  close(connection: number): void {
    for (const transform of [...this.open]) {
      if (transform.connection === connection) transform.close();
    }
    this.layers.forget(connection);
  }

  closeAll(): void {
    for (const transform of [...this.open]) transform.close();
  }

  /** Has every camera and screen send a key frame next, in all layers. */
  generateKeyFrames(): void {
    for (const sender of this.videoSenders) {
      // Without a name it is the first layer alone. A layer that is not there refuses, one that is paused never answers.
      for (const rid of [undefined, ...HIGHER_RIDS]) ask(() => sender.generateKeyFrame?.(rid));
    }
  }

  /** Lets go of held frames whose key has come. */
  release(crypto: FrameCrypto): void {
    for (const release of this.receivers) release(crypto);
  }

  /** The head of the last frame on each line. */
  heads(): LineHead[] {
    return [...this.open].map(({ use, head }) => ({ use, head: head.inspect() }));
  }

  private addSender(
    transformer: RTCRtpScriptTransformer,
    place: TransformOptions,
    use: FrameUse & { kind: "send" },
  ): void {
    const pump = new SenderPump(use.source, use.sole, this.counts, ssrc =>
      this.layers.layerOf(place.connection, use.source, ssrc),
    );
    const keyFrames = transformer as KeyFrames;
    if (kindOf(use.source) === "video") this.videoSenders.add(keyFrames);
    let open = true;
    const through = new TransformStream<EncodedFrame, EncodedFrame>({
      transform: (frame, out) => {
        if (open) pump.frame(this.crypto(), frame, sealed => out.enqueue(sealed));
      },
    });
    this.run(transformer, place, pump.head, through, () => {
      open = false;
      this.videoSenders.delete(keyFrames);
    });
  }

  private addReceiver(
    transformer: RTCRtpScriptTransformer,
    place: TransformOptions,
    use: FrameUse & { kind: "receive" },
  ): void {
    const keyFrames = transformer as KeyFrames;
    const pump = new ReceiverPump(use.client, use.source, this.counts, () =>
      ask(() => keyFrames.sendKeyFrameRequest?.()),
    );
    let open = true;
    let release: ((crypto: FrameCrypto) => void) | undefined;
    const through = new TransformStream<EncodedFrame, EncodedFrame>({
      start: out => {
        release = crypto => pump.release(crypto, opened => out.enqueue(opened));
        this.receivers.add(release);
      },
      transform: (frame, out) => {
        if (open && pump.frame(this.crypto(), frame, opened => out.enqueue(opened))) this.settle();
      },
    });
    this.run(transformer, place, pump.head, through, () => {
      open = false;
      if (release !== undefined) this.receivers.delete(release);
      pump.close(this.crypto());
    });
  }

  /** Pumps until the stream ends or breaks, or is closed. */
  private run(
    transformer: RTCRtpScriptTransformer,
    { use, connection, line }: TransformOptions,
    head: HeadWatch,
    through: TransformStream<EncodedFrame, EncodedFrame>,
    ended: () => void,
  ): void {
    const transform: OpenTransform = {
      use,
      connection,
      line,
      head,
      close: () => {
        if (this.open.delete(transform)) ended();
      },
    };
    this.open.add(transform);
    transformer.readable
      .pipeThrough(through)
      .pipeTo(transformer.writable)
      .then(transform.close, transform.close);
  }
}

/** A key frame that cannot be had now is asked for again by whoever misses it. */
function ask(request: () => Promise<unknown> | undefined): void {
  try {
    request()?.catch(() => undefined);
  } catch {
    // As above.
  }
}
