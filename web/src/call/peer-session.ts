/** One RTCPeerConnection to the SFU, which only this side makes offers on, one at a time. */
import type { LineUse } from "../generated/LineUse.js";
import type { MediaLine } from "../generated/MediaLine.js";
import type { RemoteTrack } from "../generated/RemoteTrack.js";
import type { Source } from "../generated/Source.js";
import { kindOf } from "../media-kind.js";
import type { FrameUse } from "../worker/messages.js";
import { offeredCodecs } from "./codecs.js";
import { type Line, plan } from "./lines.js";
import { type Offer, OfferExchange, type Reply } from "./offer-exchange.js";
import { midsOf, withConstantBitRate, withoutLoudness } from "./sdp.js";
import { addTransceiver, generateKeyFrame } from "./transceiver.js";
import type { MediaState } from "./view.js";

/** An answer that takes longer was lost on the way. */
const ANSWER_WAIT_MS = 10_000;
/** The pause after an offer that failed for another reason. */
const RETRY_WAIT_MS = 1_000;
/** So many failures in a row, and the connection is given up. */
const FAILURES_MAX = 2;

/** `connection`: no way to the server for sound and picture. `agreement`: no agreement on what is sent. */
export type PeerFailure = "connection" | "agreement";

export interface PeerOwner {
  /** Sends an offer; its answer comes back through `answered` or `refused`, if at all. */
  offer(number: number, offer: Offer): void;
  nextOffer(): number;
  /** `line` counts this session's lines from 0. */
  transform(use: FrameUse, line: number): RTCRtpScriptTransform;
  /** Remote streams or the connection's state are others now. */
  changed(): void;
  /** The server has taken an offer. */
  agreed(): void;
  /** Said once, at the end: another session is needed. */
  failed(why: PeerFailure): void;
}

interface Slot extends Line {
  readonly transceiver: RTCRtpTransceiver;
  /** What is received; a new stream for each use. */
  readonly stream: MediaStream | undefined;
}

type Outcome =
  /** Everything is as wanted. */
  | "nothing_to_do"
  | "agreed"
  /** Once more, as soon as there is a way to the server. */
  | "interrupted"
  /** Once more. */
  | "lost"
  /** Once more, after a pause. */
  | "failed"
  /** The two sides have come apart. */
  | "hopeless";

export class PeerSession {
  private readonly connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  private readonly exchange: OfferExchange;
  private slots: Slot[] = [];
  private sent: ReadonlyMap<Source, MediaStreamTrack> = new Map();
  private received: readonly RemoteTrack[] = [];
  private mayOffer = false;
  private running = false;
  /** Something else may be wanted than what was last planned. */
  private stale = false;
  /** Whether the server has agreed to the slots as they are. */
  private agreed = true;
  /** The local description that has no answer yet. */
  private pending: (Offer & { sentBefore: boolean }) | undefined;
  /** In a row. */
  private failures = 0;
  private wake: (() => void) | undefined;
  /** Failed or closed. */
  private over = false;
  private closed = false;

  constructor(
    private readonly owner: PeerOwner,
    answerWaitMs = ANSWER_WAIT_MS,
    private readonly retryWaitMs = RETRY_WAIT_MS,
  ) {
    this.exchange = new OfferExchange(
      (number, offer) => owner.offer(number, offer),
      () => owner.nextOffer(),
      answerWaitMs,
    );
    this.connection.onconnectionstatechange = () => {
      if (this.closed) return;
      this.owner.changed();
      if (this.connection.connectionState === "failed") this.fail("connection");
    };
  }

  /** What to send and to receive from now on. Offers are made only while `mayOffer`. */
  want(
    sent: ReadonlyMap<Source, MediaStreamTrack>,
    received: readonly RemoteTrack[],
    mayOffer: boolean,
  ): void {
    this.sent = sent;
    this.received = received;
    this.mayOffer = mayOffer;
    this.stale = true;
    if (!mayOffer) {
      // What is on the way now gets no answer: answers are not kept for those who come back.
      this.exchange.interrupt();
      this.wake?.();
    }
    void this.swapTracks();
    void this.run();
  }

  answered(number: number, sdp: string): void {
    this.exchange.heard(number, { type: "answer", sdp });
  }

  refused(number: number, text: string): void {
    this.exchange.heard(number, { type: "refused", text });
  }

  generateKeyFrames(): void {
    for (const { kind, direction, use, transceiver } of this.slots) {
      if (kind === "video" && direction === "send" && use !== undefined) {
        generateKeyFrame(transceiver);
      }
    }
  }

  /** Puts a new transform in the place of each sender's, without a moment between in which it has none. */
  renewTransforms(): void {
    if (this.closed) return;
    this.slots.forEach(({ direction, source, transceiver }, line) => {
      if (direction === "send" && source !== undefined) {
        transceiver.sender.transform = this.owner.transform(sendUse(source), line);
      }
    });
  }

  /** Ends the connection. Transforms stay in place: without them frames would be in clear. */
  close(): void {
    if (this.closed) return;
    this.closed = this.over = true;
    for (const { transceiver } of this.slots) {
      void transceiver.sender.replaceTrack(null).catch(() => undefined);
    }
    this.connection.close();
    this.exchange.interrupt();
    this.wake?.();
  }

  state(): MediaState {
    switch (this.connection.connectionState) {
      case "connected":
        return "connected";
      case "failed":
      case "disconnected":
        return "failed";
      case "closed":
        return "none";
      default:
        return this.slots.length === 0 ? "none" : "connecting";
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

  stats(): Promise<RTCStatsReport> {
    return this.connection.getStats();
  }

  private async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      while (!this.over && this.mayOffer) {
        const outcome = await this.round().catch((error: unknown): Outcome => {
          if (!this.over) console.warn("could not set up sound and picture:", error);
          this.agreed = false;
          return "failed";
        });
        if (this.over || outcome === "nothing_to_do") break;
        if (outcome === "agreed") {
          this.failures = 0;
          this.owner.agreed();
        }
        if (outcome === "lost" || outcome === "failed") this.failures++;
        if (outcome === "hopeless" || this.failures >= FAILURES_MAX) return this.fail("agreement");
        if (outcome === "failed") await this.pause();
        this.owner.changed();
      }
    } finally {
      this.running = false;
    }
  }

  /** One offer and what came of it: the one that has no answer yet, or else a new one if something is to change. */
  private async round(): Promise<Outcome> {
    let offer = this.pending;
    if (offer === undefined) {
      this.stale = false;
      const changed = await this.apply();
      if (!changed && this.agreed) return this.stale ? "interrupted" : "nothing_to_do";
      this.agreed = false;
      offer = this.pending = { ...(await this.makeOffer()), sentBefore: false };
      if (this.over || !this.mayOffer) return "interrupted";
    }
    const reply = await this.exchange.ask(offer);
    return this.over ? "interrupted" : this.take(reply, offer);
  }

  private async take(reply: Reply, offer: Offer & { sentBefore: boolean }): Promise<Outcome> {
    switch (reply.type) {
      case "answer":
        try {
          const sdp = withConstantBitRate(reply.sdp);
          await this.connection.setRemoteDescription({ type: "answer", sdp });
        } catch (error) {
          if (!this.over) console.warn("the server's answer was refused by the browser:", error);
          return "hopeless";
        }
        this.pending = undefined;
        this.agreed = true;
        return "agreed";
      case "refused":
        console.warn("the server refused an offer:", reply.text);
        // Nothing of it holds on either side, unless the server had taken it when it was sent before.
        if (!offer.sentBefore) {
          await this.connection.setLocalDescription({ type: "rollback" });
          this.pending = undefined;
        }
        return "failed";
      case "lost":
      case "interrupted":
        // Not rolled back: the server may have taken it, and browsers number the lines of a new one differently.
        offer.sentBefore = true;
        return reply.type;
    }
  }

  private fail(why: PeerFailure): void {
    if (this.over) return;
    this.over = true;
    this.exchange.interrupt();
    this.wake?.();
    this.owner.failed(why);
  }

  /** Waits before the next try, unless that is off. */
  private async pause(): Promise<void> {
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, this.retryWaitMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = undefined;
  }

  /** Makes the transceivers as they are wanted. Whether an offer is due for that. */
  private async apply(): Promise<boolean> {
    const changes = plan(this.slots, [...this.sent.keys()], this.received);
    const slots = [...this.slots];
    for (const { line, to } of changes) {
      const transceiver = slots[line]?.transceiver ?? this.add(to, line);
      let stream: MediaStream | undefined;
      if (to.use === undefined) {
        transceiver.direction = "inactive";
      } else if (to.use.type === "send") {
        transceiver.direction = "sendonly";
      } else {
        const { client, source } = to.use;
        const use: FrameUse = { kind: "receive", client, source };
        transceiver.receiver.transform = this.owner.transform(use, line);
        transceiver.direction = "recvonly";
        stream = new MediaStream([transceiver.receiver.track]);
      }
      slots[line] = { ...to, transceiver, stream };
    }
    this.slots = slots;
    await this.swapTracks();
    if (changes.length > 0) this.owner.changed();
    return changes.length > 0;
  }

  private add(to: Line, line: number): RTCRtpTransceiver {
    return addTransceiver(this.connection, to, () => {
      if (to.source === undefined) throw new Error("a sending line has a source");
      return this.owner.transform(sendUse(to.source), line);
    });
  }

  /** Puts each sender's track in place, or takes it away. Needs no offer. */
  private async swapTracks(): Promise<void> {
    await Promise.all(
      this.slots.map(async ({ direction, use, transceiver }) => {
        if (this.closed || direction !== "send") return;
        const track = use?.type === "send" ? (this.sent.get(use.source) ?? null) : null;
        if (transceiver.sender.track === track) return;
        await transceiver.sender.replaceTrack(track).catch(() => undefined);
      }),
    );
  }

  private async makeOffer(): Promise<Offer> {
    await this.connection.setLocalDescription(await this.connection.createOffer());
    const sdp = withoutLoudness(this.connection.localDescription?.sdp ?? "");
    const lines = midsOf(sdp).map((mid): MediaLine => {
      const use = this.useOf(mid);
      return use === undefined ? { mid } : { mid, use };
    });
    return { sdp, lines };
  }
}

/** Where a line offers a single codec, frames that the browser does not name are of that. */
function sendUse(source: Source): FrameUse {
  const [codec, another] = offeredCodecs(kindOf(source), "send");
  return { kind: "send", source, sole: another === undefined ? codec : undefined };
}
