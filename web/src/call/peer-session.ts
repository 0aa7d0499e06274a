/** One RTCPeerConnection to the SFU, which only this side makes offers on, one at a time. */
import type { LineUse } from "../generated/LineUse.js";
import type { MediaLine } from "../generated/MediaLine.js";
import type { RemoteTrack } from "../generated/RemoteTrack.js";
import type { Source } from "../generated/Source.js";
import { errorOf, report } from "../report.js";
import type { FrameUse } from "../worker/messages.js";
import { type Offer, OfferExchange, type Reply } from "./offer-exchange.js";
import { PeerLines, type Sent } from "./peer-lines.js";
import { fingerprintOf, midsOf, withConstantBitRate, withoutLoudness } from "./sdp.js";
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
  /** TURN servers, with credentials that are good now. */
  turnServers(): readonly RTCIceServer[];
  /** `line` counts this session's lines from 0. */
  transform(use: FrameUse, line: number): RTCRtpScriptTransform;
  /** Remote streams or the connection's state are others now. */
  changed(): void;
  /** The server has taken an offer. */
  agreed(): void;
  /** Said once, at the end: another session is needed. */
  failed(why: PeerFailure): void;
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
  | "hopeless"
  /** The server had ended the session, and answers for another. */
  | "ended";

const CONFIGURATION: RTCConfiguration = { bundlePolicy: "max-bundle" };

export class PeerSession {
  private readonly connection = new RTCPeerConnection(CONFIGURATION);
  private readonly exchange: OfferExchange;
  private readonly lines: PeerLines;
  private sent: Sent = new Map();
  private received: readonly RemoteTrack[] = [];
  private mayOffer = false;
  private running = false;
  /** Something else may be wanted than what was last planned. */
  private stale = false;
  /** Whether the server has agreed to the lines as they are. */
  private agreed = true;
  /** The local description that has no answer yet. */
  private pending: (Offer & { sentBefore: boolean }) | undefined;
  /** Whether ICE is to be restarted with the next offer. */
  private restarting = false;
  /** Whether media ever had a way. */
  private wasConnected = false;
  /** Whether the server knows this session. What it said before was of another. */
  private known = false;
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
    this.lines = new PeerLines(this.connection, (use, line) => owner.transform(use, line));
    this.exchange = new OfferExchange(
      (number, offer) => owner.offer(number, offer),
      () => owner.nextOffer(),
      answerWaitMs,
    );
    this.connection.onconnectionstatechange = () => {
      if (this.closed) return;
      const { connectionState } = this.connection;
      if (connectionState === "connected") this.wasConnected = true;
      this.owner.changed();
      if (connectionState === "disconnected") this.restartIce();
      if (connectionState === "failed") this.fail("connection");
    };
  }

  /** What to send and to receive from now on. Offers are made only while `mayOffer`. */
  want(sent: Sent, received: readonly RemoteTrack[], mayOffer: boolean): void {
    this.sent = sent;
    this.received = received;
    this.mayOffer = mayOffer;
    this.stale = true;
    if (!mayOffer) {
      // What is on the way now gets no answer: answers are not kept for those who come back.
      this.exchange.interrupt();
      this.wake?.();
    }
    void this.lines.swapTracks(sent);
    void this.run();
  }

  answered(number: number, sdp: string): void {
    this.known = true;
    this.exchange.heard(number, { type: "answer", sdp });
  }

  refused(number: number, text: string): void {
    this.exchange.heard(number, { type: "refused", text });
  }

  /**
   * Looks for the way to the server anew (RFC 8445 section 2.4), as when the device has come into another network. Lines,
   * their numbers and DTLS stay, and media goes on by the old way for as long as that works.
   */
  restartIce(): void {
    // Before the first answer there is nothing to restart.
    if (this.over || !this.known) return;
    report("ice-restart", { state: this.connection.connectionState });
    this.connection.restartIce();
    this.restarting = this.stale = true;
    void this.run();
  }

  generateKeyFrames(): void {
    this.lines.generateKeyFrames();
  }

  /** Which layers of an own picture somebody is to get. */
  wanted(source: Source, layers: readonly number[]): void {
    if (this.known) this.lines.wanted(source, layers);
  }

  /** As in `PeerLines`. */
  wantedUnknown(): void {
    this.lines.wantedUnknown();
  }

  /** As in `PeerLines`. */
  settleLayers(): void {
    this.lines.settleLayers();
  }

  /** As in `PeerLines`. */
  isPaused(mid: string, rid: string | undefined): boolean {
    return this.lines.isPaused(mid, rid);
  }

  /** Puts a new transform in the place of each sender's, without a moment between in which it has none. */
  renewTransforms(): void {
    this.lines.renewTransforms();
  }

  /** Ends the connection. Transforms stay in place: without them frames would be in clear. */
  close(): void {
    if (this.closed) return;
    this.closed = this.over = true;
    this.lines.close();
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
        if (this.lines.none) return "none";
        return this.wasConnected ? "failed" : "connecting";
    }
  }

  /** What comes in now, by whom and from what. */
  streams(): ReturnType<PeerLines["streams"]> {
    return this.lines.streams();
  }

  useOf(mid: string): LineUse | undefined {
    return this.lines.useOf(mid);
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
          if (!this.over) report("media-round-failed", errorOf(error));
          this.agreed = false;
          return "failed";
        });
        if (this.over || outcome === "nothing_to_do") break;
        if (outcome === "agreed") {
          this.failures = 0;
          this.owner.agreed();
        }
        if (outcome === "lost" || outcome === "failed") this.failures++;
        if (outcome === "ended") return this.fail("connection");
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
      const changed = await this.lines.apply(this.sent, this.received);
      if (changed) this.owner.changed();
      if (!changed && this.agreed && !this.restarting)
        return this.stale ? "interrupted" : "nothing_to_do";
      if (this.restarting || this.connection.localDescription === null) this.useTurn();
      this.agreed = this.restarting = false;
      offer = this.pending = { ...(await this.makeOffer()), sentBefore: false };
      if (this.over || !this.mayOffer) return "interrupted";
    }
    const reply = await this.exchange.ask(offer);
    return this.over ? "interrupted" : this.take(reply, offer);
  }

  /** Only where ICE begins or restarts: browsers restart it when they are given other servers. */
  private useTurn(): void {
    const iceServers = [...this.owner.turnServers()];
    const before = this.connection.getConfiguration().iceServers ?? [];
    if (iceServers.length === 0 && before.length === 0) return;
    try {
      this.connection.setConfiguration({ ...CONFIGURATION, iceServers });
    } catch (error) {
      // The way without them may do.
      report("turn-servers-not-used", errorOf(error));
    }
  }

  private async take(reply: Reply, offer: Offer & { sentBefore: boolean }): Promise<Outcome> {
    switch (reply.type) {
      case "answer": {
        const before = this.connection.remoteDescription?.sdp;
        if (before && fingerprintOf(before) !== fingerprintOf(reply.sdp)) return "ended";
        try {
          const sdp = withConstantBitRate(reply.sdp);
          await this.connection.setRemoteDescription({ type: "answer", sdp });
        } catch (error) {
          if (!this.over) report("answer-not-taken", errorOf(error));
          return "hopeless";
        }
        this.pending = undefined;
        this.agreed = true;
        // A server may agree to fewer layers than were offered.
        this.lines.settleLayers();
        return "agreed";
      }
      case "refused":
        report("offer-refused", { message: reply.text });
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
