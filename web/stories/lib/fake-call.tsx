/** A call without worker, server and network: what it shows is what the story says. */
import type { CallLike } from "../../src/call/call-controller.js";
import { readMedia } from "../../src/call/inspection.js";
import { Devices, type DeviceKind, type DeviceView } from "../../src/call/devices.js";
import type { MediaMode } from "../../src/call/media-mode.js";
import { Observable } from "../../src/call/observable.js";
import { type CallView, NOT_YET, type PersonView } from "../../src/call/view.js";
import type { Place } from "../../src/call/views.js";
import type { HostOrder } from "../../src/generated/HostOrder.js";
import { Call } from "../../src/ui/call.js";
import { people } from "./people.js";
import { portrait, silence } from "./pictures.js";
import { until } from "./story.js";

export const SECRET_ROUTE = {
  type: "room",
  link: "/r/_q5hx2m7kdz3wsyb6ftn4aveoiu2lpcgj#mE4wq1Xz7Rk0TnJv5LyH3g",
  room: "_q5hx2m7kdz3wsyb6ftn4aveoiu2lpcgj",
  secret: true,
} as const;
export const NAMED_ROUTE = {
  type: "room",
  link: "/r/fruit-growers",
  room: "fruit-growers",
  secret: false,
} as const;

const NUMBER = "40718 25596 03382 71849 66025 19473 88210 54937 06614 32795 91508 27460".split(" ");

/** The others in the call, and the own person with them. */
export function inside(all: readonly PersonView[], change: Partial<CallView> = {}): CallView {
  return {
    ...NOT_YET,
    phase: "inside",
    media: "connected",
    people: all,
    safetyNumber: NUMBER,
    ...change,
  };
}

/** Devices that are what the story says; switching them works, opening them does not happen. */
export class FakeDevices extends Devices {
  constructor(change: Partial<Record<DeviceKind, Partial<DeviceView>>> = {}) {
    super();
    const [camera] = portrait(0).getVideoTracks();
    const [microphone] = silence().getAudioTracks();
    const ready = { on: true, pending: false, problem: undefined };
    this.view.set({
      microphone: {
        ...ready,
        chosen: "m1",
        choices: [
          { id: "m1", label: "Built-in microphone" },
          { id: "m2", label: "Headset" },
        ],
        track: microphone,
        ...change.microphone,
      },
      camera: {
        ...ready,
        chosen: "c1",
        choices: [{ id: "c1", label: "Built-in camera" }],
        track: camera,
        ...change.camera,
      },
    });
    this.speaker.set({
      choices: [
        { id: "s1", label: "Built-in speakers" },
        { id: "s2", label: "Headset" },
      ],
      chosen: "s1",
      asks: false,
      lost: 0,
    });
  }

  override async start(): Promise<void> {}

  override stop(): void {}

  override async toggle(kind: DeviceKind): Promise<void> {
    this.change(kind, { on: !this.view.get()[kind].on });
    await Promise.resolve();
  }

  override talk(on: boolean): void {
    this.change("microphone", { on });
  }

  override mute(): void {
    this.change("microphone", { on: false });
  }

  override async choose(kind: DeviceKind, id: string): Promise<void> {
    this.change(kind, { chosen: id });
    await Promise.resolve();
  }

  change(kind: DeviceKind, change: Partial<DeviceView>): void {
    const view = this.view.get();
    this.view.set({ ...view, [kind]: { ...view[kind], ...change } });
  }
}

/** What the inspector shows where there is no group. */
const seesNothing: CallLike["inspect"] = () =>
  Promise.resolve({ worker: undefined, media: readMedia(new Map(), () => undefined) });

/** Notes what is asked of it, and does what needs nobody else. */
export class FakeCall implements CallLike {
  readonly view: Observable<CallView>;
  readonly name = "Ada Lovelace";
  /** What was asked, the latest last; tests read it. */
  readonly asked: unknown[][] = [];

  constructor(
    view: CallView,
    readonly devices: Devices = new FakeDevices(),
    readonly inspect: CallLike["inspect"] = seesNothing,
  ) {
    this.view = new Observable(view);
  }

  leave = () => this.note("leave");
  markVerified = (identity: string, name: string) => this.note("markVerified", identity, name);
  unmark = (identity: string) => this.note("unmark", identity);
  forgetPeople = () => this.note("forgetPeople");
  order = (order: HostOrder) => this.note("order", order);
  compareEmoji = () => this.note("compareEmoji");
  cancelEmoji = () => this.note("cancelEmoji");
  say = (words: string) => this.note("say", words);
  react = (emoji: string) => this.note("react", emoji);
  setMain = (client: string | undefined) => this.note("setMain", client);
  shows = (places: readonly Place[]) => this.note("shows", places);
  stats = () => Promise.resolve({ worker: undefined, lines: [] });

  toggleShare = () => {
    this.note("toggleShare");
    return Promise.resolve();
  };

  raiseHand = (raised: boolean) => {
    this.note("raiseHand", raised);
    this.view.patch({ handRaised: raised });
  };

  setMode = (mode: MediaMode) => {
    this.note("setMode", mode);
    this.view.patch({ mode });
  };

  numberDiffers = (differs: boolean) => {
    this.note("numberDiffers", differs);
    this.view.patch({ numberDiffers: differs });
  };

  dismissAlarm = (id: number) => {
    this.note("dismissAlarm", id);
    this.view.patch({ alarms: this.view.get().alarms.filter(alarm => alarm.id !== id) });
  };

  private note(...what: unknown[]): void {
    this.asked.push(what);
  }
}

declare global {
  interface Window {
    /** The call of the story, for tests. */
    call?: FakeCall;
  }
}

interface Setting {
  devices?: Devices;
  /** What the inspector is told; nothing without it. */
  inspect?: CallLike["inspect"] | undefined;
  route?: typeof SECRET_ROUTE | typeof NAMED_ROUTE;
}

/** The page of a call as it is in this moment. */
export function draw(view: CallView, { devices, route = SECRET_ROUTE, inspect }: Setting = {}) {
  const call = new FakeCall(view, devices, inspect);
  window.call = call;
  return <Call call={call} route={route} />;
}

/** A call of so many people. */
export function callOf(
  count: number,
  changes: Readonly<Record<number, Partial<PersonView>>> = {},
  view: Partial<CallView> = {},
  setting: Setting = {},
) {
  return draw(inside(people(count, changes), view), setting);
}

/** Waits until every picture that should move does. */
export async function pictures(): Promise<void> {
  await until("pictures", () =>
    [...document.querySelectorAll("video")].every(
      video => video.hidden || (video.readyState >= 2 && video.matches(".live, .mirrored")),
    ),
  );
}
