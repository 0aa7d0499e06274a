/** A call from joining to leaving: listens to the worker, keeps the media connection as wanted, and tells the UI. */
import type { Person } from "../generated/Person.js";
import type { RemoteTrack } from "../generated/RemoteTrack.js";
import type { Source } from "../generated/Source.js";
import type { CallEvent, FromWorker, WorkerInspection, WorkerStats } from "../worker/messages.js";
import type { WorkerPort } from "./call-worker.js";
import { withMessage } from "./chat.js";
import { Comings } from "./comings.js";
import type { Devices } from "./devices.js";
import type { InspectionView } from "./inspection.js";
import { type LineStats, summarize } from "./media-stats.js";
import { LastTime } from "./last-time.js";
import { Marks } from "./marks.js";
import { type MediaMode, receivedIn } from "./media-mode.js";
import { Observable } from "./observable.js";
import { type PeerFailure, PeerSession } from "./peer-session.js";
import { personViews } from "./person-views.js";
import { type Beat, NO_BEAT, Pulse } from "./pulse.js";
import { ScreenShare } from "./screen-share.js";
import { type Trust, judge } from "./trust.js";
import { type CallView, type Ended, NOT_YET } from "./view.js";

/** The pause before a media connection that failed is made anew; doubled for each other failure not long ago. */
const RECONNECT_WAIT_MS = 1_000;
const RECONNECT_WAIT_MAX_MS = 16_000;
const FAILURE_COUNTS_MS = 60_000;
/** After so many failures not long ago a person learns of another. */
const FAILURES_TOLD = 2;
/** A worker that dies more often than this within the time below is not started again. */
const DEATHS_MAX = 4;
const DEATH_COUNTS_MS = 60_000;
/** The pause before a worker that died not long ago for a second time is started again; doubled for each other time. */
const RESTART_WAIT_MS = 1_000;
/** So many alarms are kept: more would cover the call, and they all ask for the same. */
const ALARMS_MAX = 4;
/** With so many others there the microphone starts muted. */
const LARGE_ROOM = 8;
/** How long a reaction is shown. */
const REACTION_MS = 5_000;
const REACTIONS_MAX = 30;
/** How long the farewell may take. */
const FAREWELL_WAIT_MS = 2_000;

export interface CallStats {
  worker: WorkerStats | undefined;
  lines: LineStats[];
}

export class CallController {
  readonly view = new Observable<CallView>(NOT_YET);
  private people: readonly Person[] = [];
  private trust: ReadonlyMap<string, Trust> = new Map();
  private tracks: readonly RemoteTrack[] = [];
  private peer: PeerSession;
  private connections = 0;
  /** When media connections failed, on the page's clock, in milliseconds. */
  private failedAt: number[] = [];
  /** Whether the server disagrees so often that a person should know. */
  private refused = false;
  private reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  /** When workers died, on the page's clock, in milliseconds. */
  private diedAt: number[] = [];
  private restartTimer: ReturnType<typeof setTimeout> | undefined;
  /** Another worker has taken over, and is not inside yet. */
  private returning = false;
  private offers = 0;
  private notices = 0;
  private alarms = 0;
  private reactions = 0;
  private newsCount = 0;
  private readonly share = new ScreenShare();
  private readonly pulse: Pulse;
  private beat: Beat = NO_BEAT;
  private readonly comings = new Comings();
  /** Who is shown large; see `MediaMode`. */
  private main: string | undefined;
  /** What was told of the own state last, as JSON. */
  private told = "";
  private beenInside = false;
  private readonly lastTime: LastTime;
  private statsRequests = 0;
  private readonly statsWaiting = new Map<number, (stats: WorkerStats | undefined) => void>();
  private readonly inspecting = new Map<number, (worker: WorkerInspection | undefined) => void>();
  private readonly unsubscribe: (() => void)[];

  constructor(
    private worker: WorkerPort,
    /** Starts another one, should this one die. */
    private readonly startWorker: () => WorkerPort,
    readonly devices: Devices,
    /** Path and fragment of the room. */
    private readonly link: string,
    readonly name: string,
    private readonly marks = new Marks(),
  ) {
    this.lastTime = new LastTime(link.split("#")[0] ?? "");
    this.peer = this.connect();
    this.pulse = new Pulse(
      { lines: () => this.lineStats(), worker: () => this.workerStats() },
      beat => this.take(beat),
    );
    this.unsubscribe = [
      devices.view.subscribe(() => this.devicesChanged()),
      this.share.view.subscribe(() => this.shareChanged()),
      marks.view.subscribe(() => this.judge()),
      () => marks.close(),
    ];
    this.join();
  }

  leave(): void {
    if (this.view.get().ended !== undefined) return;
    const farewell = setTimeout(() => this.worker.end(), FAREWELL_WAIT_MS);
    this.worker.listen(message => {
      if (message.type !== "closed" && message.type !== "failed") return;
      clearTimeout(farewell);
      this.worker.end();
    });
    this.worker.post({ type: "command", command: { type: "leave" } });
    this.finish({ type: "left" });
  }

  /** Marks a person's identity verified under the name it has now. */
  markVerified(identity: string, name: string): void {
    this.marks.verify(identity, name);
  }

  unmark(identity: string): void {
    this.marks.unverify(identity);
  }

  /** Forgets everyone that this device has met. */
  forgetPeople(): void {
    this.marks.forget();
    this.lastTime.forget();
    this.view.patch({ sinceLastTime: undefined });
  }

  /** Has everyone show the same emoji; see `CallView.emoji`. */
  compareEmoji(): void {
    this.worker.post({ type: "command", command: { type: "emoji_start" } });
  }

  cancelEmoji(): void {
    this.worker.post({ type: "command", command: { type: "emoji_cancel" } });
  }

  /** Writes to everyone in the call. Refusals come as notices. */
  say(words: string): void {
    this.worker.post({ type: "command", command: { type: "chat", text: words } });
  }

  react(emoji: string): void {
    this.worker.post({ type: "command", command: { type: "react", emoji } });
  }

  raiseHand(raised: boolean): void {
    this.view.patch({ handRaised: raised });
    this.tellState();
  }

  async toggleShare(): Promise<void> {
    if (this.view.get().share.on) this.share.stop();
    else await this.share.start();
  }

  /** How much the call may take of the network. */
  setMode(mode: MediaMode): void {
    this.view.patch({ mode });
    this.devices.setSmall(mode === "saver");
    if (mode === "audio" && this.devices.view.get().camera.on) void this.devices.toggle("camera");
    this.negotiate();
  }

  /** Who is shown large, if anybody is. */
  setMain(client: string | undefined): void {
    if (this.main === client) return;
    this.main = client;
    if (this.view.get().mode === "saver") this.negotiate();
  }

  /** The person has compared the safety number, and somebody sees another; or took that back. */
  numberDiffers(differs: boolean): void {
    this.view.patch({ numberDiffers: differs });
  }

  /** The person has seen it; see `CallView.alarms`. */
  dismissAlarm(id: number): void {
    this.view.patch({ alarms: this.view.get().alarms.filter(alarm => alarm.id !== id) });
  }

  /** For tests and the curious; no secrets. */
  async stats(): Promise<CallStats> {
    return { worker: await this.workerStats(), lines: await this.lineStats() };
  }

  private async workerStats(): Promise<WorkerStats | undefined> {
    if (this.view.get().ended !== undefined) return undefined;
    const request = ++this.statsRequests;
    const stats = new Promise<WorkerStats | undefined>(resolve =>
      this.statsWaiting.set(request, resolve),
    );
    this.worker.post({ type: "get_stats", request });
    return stats;
  }

  private async lineStats(): Promise<LineStats[]> {
    const peer = this.peer;
    return summarize(await peer.stats(), mid => peer.useOf(mid));
  }

  /** For the inspector; names and identities, no secrets. */
  async inspect(): Promise<InspectionView> {
    const request = ++this.statsRequests;
    const { peer } = this;
    const media = Promise.all([peer.stats(), import("./inspection.js")]).then(
      ([report, { readMedia }]) => readMedia(report, mid => peer.useOf(mid)),
    );
    if (this.view.get().ended !== undefined) return { worker: undefined, media: await media };
    const worker = new Promise<WorkerInspection | undefined>(resolve =>
      this.inspecting.set(request, resolve),
    );
    this.worker.post({ type: "get_inspection", request });
    return { worker: await worker, media: await media };
  }

  private join(): void {
    const { worker, link, name } = this;
    // Posted before listening: a worker that failed earlier is noticed at once.
    worker.post({ type: "join", link, host: location.host, name });
    worker.listen(message => {
      if (this.worker === worker) this.heard(message);
    });
  }

  /** With a worker die its keys: another one arrives anew. One that could not work either ends the call. */
  private workerFailed(failure: FromWorker & { type: "failed" }): void {
    const { reason } = failure;
    const now = performance.now();
    this.diedAt = [...this.diedAt.filter(at => now - at < DEATH_COUNTS_MS), now];
    const deaths = this.diedAt.length;
    // What did not load before a call is not there; during one, the network may be back soon.
    const passing = reason === "crashed" || (reason === "not_loaded" && this.returning);
    if (!passing || deaths > DEATHS_MAX) return this.end(failure);
    this.returning = true;
    this.view.patch({ phase: "reconnecting" });
    this.mediaGone();
    this.negotiate();
    for (const resolve of this.statsWaiting.values()) resolve(undefined);
    this.statsWaiting.clear();
    for (const resolve of this.inspecting.values()) resolve(undefined);
    this.inspecting.clear();
    clearTimeout(this.restartTimer);
    const waitMs = deaths === 1 ? 0 : RESTART_WAIT_MS * 2 ** (deaths - 2);
    this.restartTimer = setTimeout(() => this.restart(), waitMs);
  }

  private restart(): void {
    const old = this.worker;
    this.worker = this.startWorker();
    this.peer.renewTransforms();
    old.end();
    this.reconnect();
    this.join();
  }

  private connect(): PeerSession {
    const connection = ++this.connections;
    const peer: PeerSession = new PeerSession({
      offer: (offer, { sdp, lines }) =>
        this.worker.post({ type: "command", command: { type: "offer", offer, sdp, lines } }),
      nextOffer: () => ++this.offers,
      transform: (use, line) => this.worker.transform({ use, connection, line }),
      changed: () => {
        if (this.peer === peer) this.draw();
      },
      agreed: () => {
        if (this.peer === peer) this.refused = false;
      },
      failed: why => {
        if (this.peer === peer) this.mediaFailed(why);
      },
    });
    return peer;
  }

  private mediaFailed(why: PeerFailure): void {
    const now = performance.now();
    this.failedAt = [...this.failedAt.filter(at => now - at < FAILURE_COUNTS_MS), now];
    this.refused = why === "agreement" && this.failedAt.length >= FAILURES_TOLD;
    const waitMs = RECONNECT_WAIT_MS * 2 ** (this.failedAt.length - 1);
    clearTimeout(this.reconnectTimer);
    this.reconnectTimer = setTimeout(
      () => this.reconnect(),
      Math.min(waitMs, RECONNECT_WAIT_MAX_MS),
    );
    this.draw();
  }

  /** Drops the media connection and makes another. */
  private reconnect(): void {
    clearTimeout(this.reconnectTimer);
    this.peer.close();
    this.worker.post({ type: "connection_closed", connection: this.connections });
    this.peer = this.connect();
    this.negotiate();
  }

  private heard(message: FromWorker): void {
    switch (message.type) {
      case "event":
        return this.event(message.event);
      case "stats":
        this.statsWaiting.get(message.request)?.(message.stats);
        this.statsWaiting.delete(message.request);
        return;
      case "inspection":
        this.inspecting.get(message.request)?.(message.inspection);
        this.inspecting.delete(message.request);
        return;
      case "failed":
        return this.workerFailed(message);
      case "loaded":
      case "pong":
      case "closed":
      case "room_made":
        return;
    }
  }

  private event(event: CallEvent): void {
    switch (event.type) {
      case "phase":
        if (event.phase === "inside") this.returning = false;
        // A new client of the core knows what the last one was told, a new worker does not.
        if (event.phase === "inside") this.told = "";
        this.tellState();
        this.view.patch({ phase: this.returning ? "reconnecting" : event.phase });
        return this.negotiate();
      case "ended":
        return this.end({ type: "ended", text: event.text });
      case "roster":
        return this.roster(event.people, event.safety_number);
      case "tracks":
        this.tracks = event.tracks;
        return this.negotiate();
      case "answer":
        return this.peer.answered(event.offer, event.sdp);
      case "offer_refused":
        return this.peer.refused(event.offer, event.text);
      case "media_reset":
        this.mediaGone();
        return this.reconnect();
      case "key_frame_wanted":
        return this.peer.generateKeyFrames();
      case "chat":
        return this.view.patch({ chat: withMessage(this.view.get().chat, event, Date.now()) });
      case "reaction":
        return this.reaction(event);
      case "emoji":
        return this.view.patch({ emoji: event.state });
      case "notice":
        return this.notice(event.text);
      case "alarm":
        return this.alarm(event.text);
    }
  }

  /** The group is gone, and with it everything that was known of the others for certain. */
  private mediaGone(): void {
    this.tracks = [];
    this.people = this.people.map(person => ({ ...person, present: person.own }));
    this.view.patch({ safetyNumber: undefined });
    const { state } = this.view.get().emoji;
    // Nobody should read emoji aloud that belong to a group that is gone.
    if (state !== "idle" && state !== "failed") {
      this.view.patch({ emoji: { state: "failed", reason: { type: "reconnected" } } });
    }
  }

  private roster(people: readonly Person[], number: string): void {
    this.people = people;
    this.view.patch({ safetyNumber: number.split(" ") });
    this.marks.meet(people);
    this.view.patch({ sinceLastTime: this.lastTime.compare(people) });
    this.judge();
    this.announce();
    const others = people.filter(person => !person.own).length;
    if (!this.beenInside && others >= LARGE_ROOM && this.devices.view.get().microphone.on) {
      this.devices.mute();
      this.view.patch({ startedMuted: true });
    }
    this.beenInside = true;
  }

  private announce(): void {
    const { joined, left } = this.comings.update(this.people, performance.now());
    if (joined.length + left.length === 0) return;
    this.view.patch({ news: { id: ++this.newsCount, joined, left } });
  }

  private reaction(event: CallEvent & { type: "reaction" }): void {
    const { client, name, emoji } = event;
    const id = ++this.reactions;
    const { reactions } = this.view.get();
    this.view.patch({
      reactions: [...reactions, { id, client, name, emoji }].slice(-REACTIONS_MAX),
    });
    setTimeout(() => {
      const kept = this.view.get().reactions.filter(reaction => reaction.id !== id);
      this.view.patch({ reactions: kept });
    }, REACTION_MS);
  }

  private take(beat: Beat): void {
    this.beat = beat;
    if (this.view.get().phase === "inside") this.announce();
    this.draw();
  }

  private devicesChanged(): void {
    const { camera } = this.devices.view.get();
    if (camera.on && this.view.get().mode === "audio") this.view.patch({ mode: "full" });
    this.tellState();
    this.negotiate();
  }

  private shareChanged(): void {
    this.view.patch({ share: this.share.view.get() });
    this.negotiate();
  }

  /** Tells the others what there is to be seen of this one, when it has changed. */
  private tellState(): void {
    const { microphone, camera } = this.devices.view.get();
    const state = {
      hand_raised: this.view.get().handRaised,
      microphone: microphone.on,
      camera: camera.on,
    };
    const words = JSON.stringify(state);
    if (words === this.told || this.view.get().ended !== undefined) return;
    this.told = words;
    this.worker.post({ type: "command", command: { type: "state", state } });
  }

  private judge(): void {
    this.trust = judge(this.people, this.marks.before, this.marks.view.get());
    this.view.patch({ marksLast: this.marks.lasting });
    this.draw();
  }

  /** Sends what there is to send once inside the group, and receives what the others send. */
  private negotiate(): void {
    const { phase, ended, mode, share } = this.view.get();
    if (ended !== undefined) return;
    const { microphone, camera } = this.devices.view.get();
    const sent = new Map<Source, MediaStreamTrack>();
    const send = (source: Source, track: MediaStreamTrack | undefined) => {
      if (track !== undefined) sent.set(source, track);
    };
    send("microphone", microphone.track);
    send("camera", camera.track);
    send("screen", share.track);
    send("screen_audio", this.share.sound());
    this.peer.want(sent, receivedIn(mode, this.tracks, this.main), phase === "inside");
    this.draw();
  }

  private draw(): void {
    if (this.view.get().ended !== undefined) return;
    const people = personViews(this.people, this.trust, this.peer.streams(), this.beat);
    const media = this.refused ? "refused" : this.peer.state();
    this.view.patch({ people, media, lastHeard: this.beat.lastHeard });
  }

  private notice(text: string): void {
    this.view.patch({ notice: { id: ++this.notices, text } });
  }

  private alarm(text: string): void {
    const { alarms } = this.view.get();
    if (alarms.at(-1)?.text === text) return;
    const kept = [...alarms, { id: ++this.alarms, text }].slice(-ALARMS_MAX);
    this.view.patch({ alarms: kept });
  }

  private end(ended: Ended): void {
    if (this.view.get().ended !== undefined) return;
    this.worker.end();
    this.finish(ended);
  }

  private finish(ended: Ended): void {
    for (const unsubscribe of this.unsubscribe) unsubscribe();
    clearTimeout(this.reconnectTimer);
    clearTimeout(this.restartTimer);
    this.pulse.stop();
    this.share.end();
    this.peer.close();
    this.devices.stop();
    this.view.patch({ ended, media: "none" });
  }
}
