/** The lines of one RTCPeerConnection: each a transceiver, what it is used for now, and the track on it. */
import type { LineUse } from "../generated/LineUse.js";
import type { RemoteTrack } from "../generated/RemoteTrack.js";
import type { Source } from "../generated/Source.js";
import { kindOf } from "../media-kind.js";
import type { FrameUse } from "../worker/messages.js";
import { offeredCodecs } from "./codecs.js";
import { Encodings } from "./encodings.js";
import { type Line, plan } from "./lines.js";
import { addTransceiver } from "./transceiver.js";

/** What to send, by source. */
export type Sent = ReadonlyMap<Source, MediaStreamTrack>;

interface Slot extends Line {
  readonly transceiver: RTCRtpTransceiver;
  /** Of a line that sends pictures. */
  readonly encodings: Encodings | undefined;
  /** What is received; a new stream for each use. */
  readonly stream: MediaStream | undefined;
}

export class PeerLines {
  private slots: Slot[] = [];
  private closed = false;

  constructor(
    private readonly connection: RTCPeerConnection,
    /** What a line's frames pass through; lines count from 0. */
    private readonly transform: (use: FrameUse, line: number) => RTCRtpScriptTransform,
  ) {}

  get none(): boolean {
    return this.slots.length === 0;
  }

  /** Makes the lines as they are wanted. Whether anything but tracks has changed: then an offer is due. */
  async apply(sent: Sent, received: readonly RemoteTrack[]): Promise<boolean> {
    const changes = plan(this.slots, [...sent.keys()], received);
    const slots = [...this.slots];
    for (const { line, to } of changes) {
      const { transceiver, encodings } = slots[line] ?? this.add(to, line);
      let stream: MediaStream | undefined;
      if (to.use === undefined) {
        transceiver.direction = "inactive";
      } else if (to.use.type === "send") {
        transceiver.direction = "sendonly";
        // As at the beginning: the server says anew what is wanted.
        encodings?.want(undefined);
      } else {
        const { client, source } = to.use;
        transceiver.receiver.transform = this.transform({ kind: "receive", client, source }, line);
        transceiver.direction = "recvonly";
        stream = new MediaStream([transceiver.receiver.track]);
      }
      slots[line] = { ...to, transceiver, encodings, stream };
    }
    this.slots = slots;
    await this.swapTracks(sent);
    return changes.length > 0;
  }

  /** Puts each sender's track in place, or takes it away. Needs no offer. */
  async swapTracks(sent: Sent): Promise<void> {
    await Promise.all(
      this.slots.map(async ({ direction, use, transceiver, encodings }) => {
        if (this.closed || direction !== "send") return;
        const track = use?.type === "send" ? (sent.get(use.source) ?? null) : null;
        if (transceiver.sender.track === track) return;
        await transceiver.sender.replaceTrack(track).catch(() => undefined);
        encodings?.settle();
      }),
    );
  }

  generateKeyFrames(): void {
    for (const { use, encodings } of this.slots) {
      if (use !== undefined) encodings?.generateKeyFrames();
    }
  }

  /** Which layers of an own picture somebody is to get. */
  wanted(source: Source, layers: readonly number[]): void {
    this.slots
      .find(({ use }) => use?.type === "send" && use.source === source)
      ?.encodings?.want(layers);
  }

  /** Has all layers of all pictures sent, until the server says which are wanted. */
  wantedUnknown(): void {
    for (const { encodings } of this.slots) encodings?.want(undefined);
  }

  /** Has the layers of each picture be as they should, which depends on the tracks and on what the server has agreed to. */
  settleLayers(): void {
    if (this.closed) return;
    for (const { use, encodings } of this.slots) {
      if (use !== undefined) encodings?.settle();
    }
  }

  /** Whether nobody is to get a layer of an own picture. */
  isPaused(mid: string, rid: string | undefined): boolean {
    const slot = this.slots.find(({ transceiver }) => transceiver.mid === mid);
    return slot?.encodings?.isPaused(rid) === true;
  }

  /** Puts a new transform in the place of each sender's, without a moment between in which it has none. */
  renewTransforms(): void {
    if (this.closed) return;
    this.slots.forEach(({ direction, source, transceiver }, line) => {
      if (direction === "send" && source !== undefined) {
        transceiver.sender.transform = this.transform(sendUse(source), line);
      }
    });
  }

  /** Nothing is sent any more. Transforms stay in place: without them frames would be in clear. */
  close(): void {
    this.closed = true;
    for (const { transceiver } of this.slots) {
      void transceiver.sender.replaceTrack(null).catch(() => undefined);
    }
  }

  /** What comes in now, by whom and from what. */
  streams(): { client: string; source: Source; stream: MediaStream }[] {
    return this.slots.flatMap(({ use, stream }) =>
      use?.type === "receive" && stream !== undefined
        ? [{ client: use.client, source: use.source, stream }]
        : [],
    );
  }

  useOf(mid: string): LineUse | undefined {
    return this.slots.find(slot => slot.transceiver.mid === mid)?.use;
  }

  private add(to: Line, line: number): Pick<Slot, "transceiver" | "encodings"> {
    const { source, kind } = to;
    const transceiver = addTransceiver(this.connection, to, () => {
      if (source === undefined) throw new Error("a sending line has a source");
      return this.transform(sendUse(source), line);
    });
    if (kind === "audio" || source === undefined) return { transceiver, encodings: undefined };
    return { transceiver, encodings: new Encodings(transceiver.sender, source) };
  }
}

/** Where a line offers a single codec, frames that the browser does not name are of that. */
function sendUse(source: Source): FrameUse {
  const [codec, another] = offeredCodecs(kindOf(source), "send");
  return { kind: "send", source, sole: another === undefined ? codec : undefined };
}
