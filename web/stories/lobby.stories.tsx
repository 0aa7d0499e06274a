import type {
  DeviceKind,
  DeviceProblem,
  DeviceView,
  Devices,
  SpeakerView,
} from "../src/call/devices.js";
import { takeToken } from "../src/call/own-token.js";
import { remember } from "../src/call/preferences.js";
import { Lobby } from "../src/ui/lobby.js";
import { answerFetches } from "./lib/fake-server.js";
import { FakeDevices, NAMED_ROUTE, SECRET_ROUTE, pictures } from "./lib/fake-call.js";
import { type Stories, type Story, press, read, until } from "./lib/story.js";

type Change = Partial<Record<DeviceKind, Partial<DeviceView>>>;

function lobby(devices: Devices | undefined, route: Parameters<typeof Lobby>[0]["route"]) {
  return <Lobby route={route} devices={devices} join={() => undefined} home={() => undefined} />;
}

function withDevices(change: Change, words: string): Story {
  return {
    draw: () => lobby(new FakeDevices(change), SECRET_ROUTE),
    act: async () => void (await read(words)),
  };
}

function withProblem(problem: DeviceProblem, words: string): Story {
  const off = { on: false, track: undefined, choices: [], chosen: "", problem };
  return withDevices({ microphone: off, camera: off }, words);
}

/** Where the browser tells of those speakers only that were chosen in its own list. */
function withSpeakers(choices: SpeakerView["choices"]): Story {
  const devices = () => {
    const made = new FakeDevices();
    made.speaker.set({ choices, chosen: "s1", asks: true, lost: 0 });
    return made;
  };
  return {
    draw: () => lobby(devices(), SECRET_ROUTE),
    act: async () => void (await read("Choose a speaker…")),
  };
}

/** A browser that lacks something that a call needs. */
function unsupported(lack: () => void, words: string): Story {
  return {
    before: lack,
    draw: () => lobby(undefined, SECRET_ROUTE),
    act: async () => void (await read(words)),
  };
}

const lacking = (name: string) => () => void Reflect.deleteProperty(globalThis, name);

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true });
}

const pending = { on: true, pending: true, track: undefined, choices: [], chosen: "" };
const off = { on: false, track: undefined };

export const lobbies: Stories = {
  ready: {
    before: () => remember("name", "Ada Lovelace"),
    draw: () => lobby(new FakeDevices(), SECRET_ROUTE),
    async act() {
      await pictures();
      await read("3 people are here.");
    },
    pictures: { lobby: "desktop" },
  },
  "first time": {
    draw: () => lobby(new FakeDevices(), SECRET_ROUTE),
    act: pictures,
  },
  "name missing": {
    draw: () => lobby(new FakeDevices(), SECRET_ROUTE),
    async act() {
      await press("Join call");
      await read("Please enter your name");
    },
  },
  "named room": {
    draw: () => lobby(new FakeDevices(), NAMED_ROUTE),
    act: async () => void (await read("Nobody is here yet.")),
  },
  "room with a long name": {
    draw: () =>
      lobby(new FakeDevices(), {
        ...NAMED_ROUTE,
        link: "/r/a-room-whose-name-is-as-long-as-it-may",
        room: "a-room-whose-name-is-as-long-as-it-may",
      }),
  },
  "without an invitation of one's own": {
    before: () => answerFetches({ present: 2, doors: "token" }),
    draw: () => lobby(new FakeDevices(), SECRET_ROUTE),
    act: async () => void (await read("This call takes an invitation of your own")),
  },
  "with one that has a name in it": {
    before() {
      answerFetches({ present: 2, doors: "token" });
      // {"name":"Zoë Müller"}
      takeToken(`/r/${SECRET_ROUTE.room}`, "#s&token=e30.eyJuYW1lIjoiWm_DqyBNw7xsbGVyIn0.c2ln");
    },
    draw: () => lobby(new FakeDevices(), SECRET_ROUTE),
    async act() {
      await read("2 people are here.");
      await until(
        "the name",
        () => (document.querySelector("form input") as HTMLInputElement).value === "Zoë Müller",
      );
      if (document.body.innerText.includes("an invitation of your own"))
        throw new Error("it has one");
    },
  },
  "not begun by who may": {
    before: () => answerFetches({ present: 0, doors: "creators" }),
    draw: () => lobby(new FakeDevices(), SECRET_ROUTE),
    act: async () => void (await read("You can join as soon as one of them is here.")),
  },
  asking: withDevices({ microphone: pending, camera: pending }, "Your browser asks"),
  "everything off": withDevices({ microphone: { on: false }, camera: off }, "Camera is off"),
  "camera missing": withDevices(
    { camera: { ...off, choices: [], chosen: "", problem: "missing" } },
    "No camera was found.",
  ),
  "camera plugged in": withDevices(
    { camera: { ...off, plugged: { label: "Desk camera", first: true } } },
    "Desk camera was plugged in.",
  ),
  "the browser's own list of speakers": withSpeakers([]),
  "and one chosen from it": withSpeakers([{ id: "s1", label: "Headset" }]),
  denied: withProblem("denied", "Tangelo may not use your camera."),
  missing: withProblem("missing", "No microphone was found."),
  busy: withProblem("busy", "Your camera does not respond."),
  insecure: withProblem("insecure", "without a secure connection"),
  unplugged: withProblem("unplugged", "was unplugged or taken away"),
  failed: withProblem("failed", "could not be started"),
  "names of devices unknown": withDevices(
    { microphone: { choices: [{ id: "m1", label: "" }], chosen: "m1" } },
    "Microphone 1",
  ),
  "server silent": {
    draw: () => lobby(new FakeDevices(), { ...NAMED_ROUTE, room: "broken" }),
    act: async () => void (await read("The server does not answer")),
  },
  offline: {
    before: () => define(navigator, "onLine", false),
    draw: () => lobby(new FakeDevices(), { ...NAMED_ROUTE, room: "broken" }),
    act: async () => void (await read("This device is offline.")),
  },
  "no encoded transforms": unsupported(
    lacking("RTCRtpScriptTransform"),
    "This browser cannot encrypt calls end to end",
  ),
  "no WebRTC": unsupported(lacking("RTCPeerConnection"), "This browser cannot make video calls."),
  "no secure connection": unsupported(
    () => define(globalThis, "isSecureContext", false),
    "not opened over a secure connection",
  ),
};
