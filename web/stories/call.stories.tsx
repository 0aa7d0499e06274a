import { UNKNOWN_QUALITY } from "../src/call/quality.js";
import { type CallView, NOT_YET } from "../src/call/view.js";
import { FakeDevices, callOf, draw, inside, pictures } from "./lib/fake-call.js";
import { person, people } from "./lib/people.js";
import { hum, silence } from "./lib/pictures.js";
import { type Stories, type Story, read, see } from "./lib/story.js";

function outside(change: Partial<CallView>, words: string): Story {
  return { draw: () => draw({ ...NOT_YET, ...change }), act: async () => void (await read(words)) };
}

/** A call of three in which something is said over the tiles. */
function told(change: Partial<CallView>, words: string): Story {
  return { draw: () => callOf(3, {}, change), act: async () => void (await read(words)) };
}

function crowd(count: number): Story {
  return { draw: () => callOf(count), act: pictures };
}

export const calls: Stories = {
  connecting: outside({}, "Connecting…"),
  unreachable: { ...outside({}, "The server cannot be reached"), later: true },
  unanswered: {
    ...outside({ phase: "waiting" }, "Nobody in the call has let you in yet"),
    later: true,
  },
  "not back": {
    draw: () => draw({ ...inside(people(3)), phase: "reconnecting", safetyNumber: undefined }),
    later: true,
    act: async () => void (await read("You are still not back in the call")),
  },
  waiting: outside({ phase: "waiting" }, "Waiting to be let in…"),
  reconnecting: {
    draw: () =>
      draw({
        ...inside(people(3).map(each => ({ ...each, present: each.own }))),
        phase: "reconnecting",
        safetyNumber: undefined,
      }),
    act: async () => void (await read("Reconnecting…")),
  },
  "media connecting": told({ media: "connecting" }, "Setting up sound and picture…"),
  "media failed": told({ media: "failed" }, "Sound and picture do not get through."),
  "media refused": told({ media: "refused" }, "The server does not agree"),
  offline: {
    before: () => Object.defineProperty(navigator, "onLine", { value: false }),
    draw: () => draw({ ...inside(people(3)), phase: "reconnecting", safetyNumber: undefined }),
    act: async () => void (await read("This device is offline.")),
  },
  "1 person": crowd(1),
  "2 people": crowd(2),
  "3 people": crowd(3),
  "5 people": {
    draw: () => callOf(5, { 1: { speaking: true }, 3: { microphone: false } }),
    act: pictures,
    pictures: { call: "desktop", "call-dark": "dark", "call-phone": "phone" },
  },
  "9 people": { ...crowd(9), pictures: { "call-9": "desktop" } },
  "25 people": crowd(25),
  "60 people": crowd(60),
  "own devices off": {
    draw: () =>
      callOf(
        3,
        {},
        {},
        {
          devices: new FakeDevices({
            microphone: { on: false },
            camera: { on: false, track: undefined },
          }),
        },
      ),
  },
  "own devices broken": {
    draw: () =>
      callOf(
        2,
        {},
        {},
        {
          devices: new FakeDevices({
            microphone: { on: false, track: undefined, problem: "busy" },
            camera: { on: false, track: undefined, problem: "denied" },
          }),
        },
      ),
    act: async () => void (await read("does not respond")),
  },
  "somebody came": told({ news: { id: 1, joined: ["Lin Lanying"], left: [] } }, "joined."),
  "somebody left": told(
    { news: { id: 1, joined: ["Mae Jemison"], left: ["Lin Lanying", "Grace Hopper"] } },
    "left.",
  ),
  "a notice": told(
    { notice: { id: 1, text: "Your message was not sent: you are not in the call yet." } },
    "Your message was not sent",
  ),
  "started muted": {
    draw: () =>
      callOf(
        9,
        {},
        { startedMuted: true },
        {
          devices: new FakeDevices({ microphone: { on: false } }),
        },
      ),
    act: async () => void (await read("your microphone starts muted")),
  },
  "speaking while muted": {
    draw: () =>
      callOf(2, {}, {}, { devices: new FakeDevices({ microphone: { on: false, track: hum() } }) }),
    act: async () => void (await read("You are muted.")),
  },
  "share failed": told(
    { share: { ...NOT_YET.share, problem: "failed" } },
    "The screen could not be shared.",
  ),
  "another compares emoji": {
    draw: () => callOf(3),
    async act() {
      await see(".stage .tile");
      const starter = person(1);
      window.call?.view.patch({
        emoji: { state: "running", starter, people: [{ person: starter, step: "committed" }] },
      });
      await read("compares emoji. Press “Verify”");
    },
  },
  "microphone plugged in": {
    draw: () =>
      callOf(
        2,
        {},
        {},
        {
          devices: new FakeDevices({
            microphone: { plugged: { label: "Desk microphone with a long name", first: false } },
          }),
        },
      ),
    act: async () => void (await read("was plugged in")),
  },
  "camera pulled out": {
    draw: () => callOf(2, {}, {}, { devices: new FakeDevices({ camera: { replaced: 1 } }) }),
    act: async () => void (await read("was pulled out")),
  },
  "sound blocked": {
    before() {
      const refusal = () =>
        Promise.reject(new DOMException("a click is wanted", "NotAllowedError"));
      HTMLAudioElement.prototype.play = refusal;
      Object.defineProperty(HTMLAudioElement.prototype, "autoplay", { set: () => undefined });
    },
    draw: () => callOf(2, { 1: { streams: new Map([["microphone", silence()]]) } }),
    act: async () => void (await read("Your browser holds back the sound")),
  },
  "sound only": {
    draw: () =>
      draw(
        inside(
          people(5).map(each => ({ ...each, streams: new Map(), camera: false })),
          { mode: "audio" },
        ),
        { devices: new FakeDevices({ camera: { on: false, track: undefined } }) },
      ),
  },
  "nothing measured yet": {
    draw: () =>
      callOf(2, { 1: { quality: UNKNOWN_QUALITY, microphone: undefined, camera: undefined } }),
    act: pictures,
  },
};
