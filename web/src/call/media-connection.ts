/** The call's way to the server for sound and picture: one `PeerSession` at a time, made anew when it fails. */
import type { LineUse } from "../generated/LineUse.js";
import type { RemoteTrack } from "../generated/RemoteTrack.js";
import type { Source } from "../generated/Source.js";
import { kindOf } from "../media-kind.js";
import { report } from "../report.js";
import type { MediaSample } from "./inspection.js";
import type { LastingWorker } from "./lasting-worker.js";
import { type LineStats, summarize } from "./media-stats.js";
import type { Sent } from "./peer-lines.js";
import { type PeerFailure, PeerSession } from "./peer-session.js";
import { TurnServers, type TurnServersEvent } from "./turn-servers.js";
import type { MediaState } from "./view.js";

/** The pause before a media connection that failed is made anew; doubled for each other failure not long ago. */
const RECONNECT_WAIT_MS = 1_000;
const RECONNECT_WAIT_MAX_MS = 16_000;
const FAILURE_COUNTS_MS = 60_000;
/** After so many failures not long ago a person learns of another. */
const FAILURES_TOLD = 2;

interface Owner {
  /** Streams or the state are others now. */
  changed(): void;
  /** Another connection, of which nothing is wanted yet. */
  renewed(): void;
  /** How tall the place of a picture is, as the server was told: 0 if it has none. Nothing while nothing was said. */
  placeOf(picture: { client: string; source: Source }): number | undefined;
  /** Whether somebody's microphone comes here. */
  hears(client: string): boolean;
}

export class MediaConnection {
  private peer: PeerSession;
  /** The present one's number. */
  private connections = 0;
  private offers = 0;
  /** When connections failed, on the page's clock, in milliseconds. */
  private failedAt: number[] = [];
  /** Whether the server disagrees so often that a person should know. */
  private refusedOften = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly turn = new TurnServers(() => this.worker.command({ type: "turn_servers" }));

  constructor(
    private readonly worker: Pick<LastingWorker, "command" | "post" | "transform">,
    private readonly owner: Owner,
  ) {
    this.peer = this.connect();
  }

  /** As in `PeerSession`. */
  want(sent: Sent, received: readonly RemoteTrack[], mayOffer: boolean): void {
    this.peer.want(sent, received, mayOffer);
  }

  answered(offer: number, sdp: string): void {
    this.peer.answered(offer, sdp);
  }

  refused(offer: number, text: string): void {
    this.peer.refused(offer, text);
  }

  /** For the first connection, and when a way is looked for anew. */
  turnServers(event: TurnServersEvent): void {
    this.turn.take(event);
  }

  generateKeyFrames(): void {
    this.peer.generateKeyFrames();
  }

  /** Which layers of an own picture somebody is to get. */
  wanted(source: Source, layers: readonly number[]): void {
    this.peer.wanted(source, layers);
  }

  /** It is not known any more which layers somebody is to get: all are sent. */
  wantedUnknown(): void {
    this.peer.wantedUnknown();
  }

  /** To be called now and then: a camera's picture may change its size, which browsers do not tell. */
  settleLayers(): void {
    this.peer.settleLayers();
  }

  /** As in `PeerSession`. */
  renewTransforms(): void {
    this.peer.renewTransforms();
  }

  /** The device may have come into another network, or back into one. */
  networkChanged(): void {
    if (this.timer === undefined) this.peer.restartIce();
    else this.reconnect();
  }

  /** Drops the connection and makes another. */
  reconnect(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.peer.close();
    this.worker.post({ type: "connection_closed", connection: this.connections });
    this.peer = this.connect();
    this.owner.renewed();
  }

  close(): void {
    clearTimeout(this.timer);
    this.turn.close();
    this.peer.close();
  }

  state(): MediaState {
    return this.refusedOften ? "refused" : this.peer.state();
  }

  /** What comes in now, by whom and from what. */
  streams(): ReturnType<PeerSession["streams"]> {
    return this.peer.streams();
  }

  async lineStats(): Promise<LineStats[]> {
    const { peer } = this;
    return summarize(
      await peer.stats(),
      mid => peer.useOf(mid),
      (mid, rid, use) => this.isPaused(peer, mid, rid, use),
    );
  }

  /** For the inspector. */
  async inspect(): Promise<MediaSample> {
    const { peer } = this;
    const [report, { readMedia }] = await Promise.all([peer.stats(), import("./inspection.js")]);
    return readMedia(
      report,
      mid => peer.useOf(mid),
      (mid, rid, use) => ({
        paused: this.isPaused(peer, mid, rid, use),
        place: use?.type === "receive" ? this.owner.placeOf(use) : undefined,
      }),
    );
  }

  private isPaused(
    peer: PeerSession,
    mid: string,
    rid: string | undefined,
    use: LineUse | undefined,
  ): boolean {
    if (use?.type !== "receive") return peer.isPaused(mid, rid);
    if (use.source === "microphone") return !this.owner.hears(use.client);
    return kindOf(use.source) === "video" && this.owner.placeOf(use) === 0;
  }

  private connect(): PeerSession {
    const connection = ++this.connections;
    const peer: PeerSession = new PeerSession({
      offer: (offer, { sdp, lines }) => this.worker.command({ type: "offer", offer, sdp, lines }),
      nextOffer: () => ++this.offers,
      turnServers: () => this.turn.now,
      transform: (use, line) => this.worker.transform({ use, connection, line }),
      changed: () => {
        if (this.peer === peer) this.owner.changed();
      },
      agreed: () => {
        if (this.peer === peer) this.refusedOften = false;
      },
      failed: why => {
        if (this.peer === peer) this.failed(why);
      },
    });
    return peer;
  }

  private failed(why: PeerFailure): void {
    const now = performance.now();
    this.failedAt = [...this.failedAt.filter(at => now - at < FAILURE_COUNTS_MS), now];
    this.refusedOften = why === "agreement" && this.failedAt.length >= FAILURES_TOLD;
    const failures = this.failedAt.length;
    const waitMs = Math.min(RECONNECT_WAIT_MS * 2 ** (failures - 1), RECONNECT_WAIT_MAX_MS);
    report("media-failed", { why, failures, waitMs });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.reconnect(), waitMs);
    this.owner.changed();
  }
}
