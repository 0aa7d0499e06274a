/** A call from joining to leaving: listens to the worker, keeps the media connection as wanted, and tells the UI. */
import type { HostOrder } from "../generated/HostOrder.js";
import type { Person } from "../generated/Person.js";
import type { RemoteTrack } from "../generated/RemoteTrack.js";
import type { Source } from "../generated/Source.js";
import type { CallEvent, WorkerStats } from "../worker/messages.js";
import { CallNews } from "./call-news.js";
import type { WorkerPort } from "./call-worker.js";
import { withMessage } from "./chat.js";
import type { Devices } from "./devices.js";
import { GroupPeople } from "./group-people.js";
import type { InspectionView } from "./inspection.js";
import { LastingWorker } from "./lasting-worker.js";
import { Marks } from "./marks.js";
import { MediaConnection } from "./media-connection.js";
import { onNetworkChange } from "./network-change.js";
import { type MediaMode, receivedIn } from "./media-mode.js";
import type { LineStats } from "./media-stats.js";
import { Observable } from "./observable.js";
import { type Beat, NO_BEAT, Pulse } from "./pulse.js";
import { ScreenShare } from "./screen-share.js";
import { Spoken } from "./spoken.js";
import { type CallView, type Ended, NOT_YET } from "./view.js";
import { type Place, viewsOf } from "./views.js";
import { Watching } from "./watching.js";

/** With so many others there the microphone starts muted. */
const LARGE_ROOM = 8;
/** So many microphones anybody hears. Rust: tangelo_wire's `HEARD_MAX`. */
const HEARD_MAX = 25;

export interface CallStats {
  worker: WorkerStats | undefined;
  lines: LineStats[];
}

/** What others see of a `CallController`, so that another one can stand in for it. */
export type CallLike = Pick<CallController, keyof CallController>;

export class CallController {
  readonly view = new Observable<CallView>(NOT_YET);
  private readonly people: GroupPeople;
  private tracks: readonly RemoteTrack[] = [];
  private readonly share = new ScreenShare();
  private readonly worker: LastingWorker;
  private readonly media: MediaConnection;
  private readonly pulse: Pulse;
  private readonly watching: Watching;
  private readonly spoken: Spoken;
  /** Whose microphones come here; nothing while all do. */
  private heard: ReadonlySet<string> | undefined;
  /** For whose pictures the own network has no room. */
  private noRoomFor: ReadonlySet<string> = new Set();
  private beat: Beat = NO_BEAT;
  private readonly news = new CallNews(this.view);
  /** Who is shown large; see `MediaMode`. */
  private main: string | undefined;
  /** Nothing until the page has said it. */
  private places: readonly Place[] | undefined;
  /** What was told of the own state last, as JSON. */
  private told = "";
  private beenInside = false;
  private readonly unsubscribe: (() => void)[];

  constructor(
    worker: WorkerPort,
    /** Starts another one, should this one die. */
    startWorker: () => WorkerPort,
    readonly devices: Devices,
    /** Path and fragment of the room. */
    link: string,
    readonly name: string,
    private readonly marks = new Marks(),
  ) {
    this.people = new GroupPeople(this.view, marks, link.split("#")[0] ?? "");
    const joining = { type: "join", link, host: location.host, name } as const;
    this.worker = new LastingWorker(worker, startWorker, joining);
    this.media = new MediaConnection(this.worker, {
      changed: () => this.draw(),
      renewed: () => this.negotiate(),
      placeOf: ({ client, source }) => this.watching.heightOf(client, source),
      hears: client => this.heard?.has(client) !== false,
    });
    this.spoken = new Spoken(level => this.worker.command({ type: "spoke", level }));
    this.watching = new Watching(views => this.worker.command({ type: "watch", views }));
    this.pulse = new Pulse(
      { lines: () => this.media.lineStats(), worker: () => this.worker.stats() },
      beat => this.take(beat),
    );
    this.unsubscribe = [
      devices.view.subscribe(() => this.devicesChanged()),
      this.share.view.subscribe(() => this.shareChanged()),
      marks.view.subscribe(() => this.marksChanged()),
      () => marks.close(),
      onNetworkChange(() => {
        this.worker.command({ type: "network_changed" });
        this.media.networkChanged();
      }),
    ];
    this.worker.join({
      event: event => this.event(event),
      died: () => this.workerDied(),
      replaced: () => {
        this.media.renewTransforms();
        this.media.reconnect();
      },
      failed: failure => this.end(failure),
    });
  }

  leave(): void {
    if (this.view.get().ended !== undefined) return;
    this.worker.leave();
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
    this.people.forget();
  }

  /** Has everyone show the same emoji; see `CallView.emoji`. */
  compareEmoji(): void {
    this.worker.command({ type: "emoji_start" });
  }

  cancelEmoji(): void {
    this.worker.command({ type: "emoji_cancel" });
  }

  /** Writes to everyone in the call. Refusals come as notices. */
  say(words: string): void {
    this.worker.command({ type: "chat", text: words });
  }

  react(emoji: string): void {
    this.worker.command({ type: "react", emoji });
  }

  /** Wants something as a host; what comes of it is in `CallView.room`, what goes wrong is told. */
  order(order: HostOrder): void {
    this.worker.command({ type: "host", at: Date.now(), order });
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
    this.watch();
    this.devices.setSmall(mode === "saver");
    if (mode === "audio" && this.devices.view.get().camera.on) void this.devices.toggle("camera");
    this.negotiate();
  }

  /** Who is shown large, if anybody is. */
  setMain(client: string | undefined): void {
    if (this.main === client) return;
    this.main = client;
    this.pin();
    if (this.view.get().mode === "saver") this.negotiate();
  }

  /** Where the others' pictures are seen, all of them: what is in no place is not received. */
  shows(places: readonly Place[]): void {
    this.places = places;
    this.watch();
  }

  /** The person has compared the safety number, and somebody sees another; or took that back. */
  numberDiffers(differs: boolean): void {
    this.view.patch({ numberDiffers: differs });
  }

  /** The person has seen it; see `CallView.alarms`. */
  dismissAlarm(id: number): void {
    this.news.dismissAlarm(id);
  }

  /** For tests and the curious; no secrets. */
  async stats(): Promise<CallStats> {
    return { worker: await this.worker.stats(), lines: await this.media.lineStats() };
  }

  /** For the inspector; names and identities, no secrets. */
  async inspect(): Promise<InspectionView> {
    const [media, worker] = await Promise.all([this.media.inspect(), this.worker.inspect()]);
    return { worker, media };
  }

  private workerDied(): void {
    this.view.patch({ phase: "reconnecting" });
    this.groupGone();
    this.negotiate();
  }

  private event(event: CallEvent): void {
    switch (event.type) {
      case "phase":
        // A new client of the core knows what the last one was told, a new worker does not.
        if (event.phase === "inside") {
          this.told = "";
          this.watching.again();
          this.pin();
          // The network is back.
          if (this.media.state() === "failed") this.media.networkChanged();
        }
        // What is said meanwhile does not arrive.
        if (event.phase === "reconnecting") this.media.wantedUnknown();
        this.tellState();
        this.view.patch({ phase: this.worker.arrivesAnew ? "reconnecting" : event.phase });
        return this.negotiate();
      case "ended":
        return this.end({ type: "ended", text: event.text });
      case "roster":
        return this.roster(event.people, event.safety_number);
      case "tracks":
        this.tracks = event.tracks;
        this.listen();
        return this.negotiate();
      case "hearing":
        this.heard = event.clients === null ? undefined : new Set(event.clients);
        return;
      case "answer":
        return this.media.answered(event.offer, event.sdp);
      case "offer_refused":
        return this.media.refused(event.offer, event.text);
      case "media_reset":
        this.groupGone();
        return this.media.reconnect();
      case "media_lost":
        return this.media.reconnect();
      case "key_frame_wanted":
        return this.media.generateKeyFrames();
      case "wanted":
        return this.media.wanted(event.source, event.layers);
      case "paused":
        this.noRoomFor = new Set(event.pictures.map(({ client }) => client));
        return this.draw();
      case "turn_servers":
        return this.media.turnServers(event);
      case "chat":
        return this.view.patch({ chat: withMessage(this.view.get().chat, event, Date.now()) });
      case "reaction":
        return this.news.reaction(event);
      case "emoji":
        return this.view.patch({ emoji: event.state });
      case "room":
        this.view.patch({ room: event.room });
        return this.people.wait(event.room.waiting);
      case "mute_asked":
        this.devices.mute();
        return this.news.notice(event.text);
      case "notice":
        return this.news.notice(event.text);
      case "alarm":
        return this.news.alarm(event.text);
    }
  }

  private groupGone(): void {
    this.tracks = [];
    this.heard = undefined;
    this.noRoomFor = new Set();
    this.listen();
    this.people.areGone();
  }

  private roster(people: readonly Person[], number: string): void {
    this.people.are(people, number);
    this.draw();
    this.news.announce(people);
    const others = people.filter(person => !person.own).length;
    if (!this.beenInside && others >= LARGE_ROOM && this.devices.view.get().microphone.on) {
      this.devices.mute();
      this.view.patch({ startedMuted: true });
    }
    this.beenInside = true;
  }

  private take(beat: Beat): void {
    this.beat = beat;
    this.media.settleLayers();
    if (this.view.get().phase === "inside") this.news.announce(this.people.all);
    this.draw();
  }

  private devicesChanged(): void {
    const { camera } = this.devices.view.get();
    if (camera.on && this.view.get().mode === "audio") {
      this.view.patch({ mode: "full" });
      this.watch();
    }
    this.tellState();
    this.listen();
    this.negotiate();
  }

  /** Who is shown large is heard before others. */
  private pin(): void {
    if (this.view.get().ended !== undefined) return;
    this.worker.command({ type: "pin", client: this.main ?? null });
  }

  /** To the own microphone, where others must learn that it is worth hearing. */
  private listen(): void {
    const { microphone } = this.devices.view.get();
    const others = this.tracks.filter(({ source }) => source === "microphone").length;
    this.spoken.listen(microphone.on && others >= HEARD_MAX ? microphone.track : undefined);
  }

  private watch(): void {
    const { ended, mode } = this.view.get();
    if (ended !== undefined || this.places === undefined) return;
    this.watching.watch(viewsOf(this.places, mode));
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
      recording: false,
    };
    const words = JSON.stringify(state);
    if (words === this.told || this.view.get().ended !== undefined) return;
    this.told = words;
    this.worker.command({ type: "state", state });
  }

  private marksChanged(): void {
    this.people.judge();
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
    this.media.want(sent, receivedIn(mode, this.tracks, this.main), phase === "inside");
    this.draw();
  }

  private draw(): void {
    if (this.view.get().ended !== undefined) return;
    const people = this.people.views(this.media.streams(), this.beat, this.noRoomFor);
    this.view.patch({ people, media: this.media.state(), lastHeard: this.beat.lastHeard });
  }

  private end(ended: Ended): void {
    if (this.view.get().ended !== undefined) return;
    this.worker.end();
    this.news.ended(ended);
    this.finish(ended);
  }

  private finish(ended: Ended): void {
    for (const unsubscribe of this.unsubscribe) unsubscribe();
    this.pulse.stop();
    this.watching.end();
    this.spoken.stop();
    this.share.end();
    this.media.close();
    this.devices.stop();
    this.view.patch({ ended, media: "none" });
  }
}
