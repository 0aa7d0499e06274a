import { type CallView, type PersonView } from "../src/call/view.js";
import { callOf, pictures } from "./lib/fake-call.js";
import { KNOWN_SINCE, idOf, nameOf, trust } from "./lib/people.js";
import { type Stories, type Story, press, see } from "./lib/story.js";

function panel(
  count: number,
  changes: Readonly<Record<number, Partial<PersonView>>> = {},
  view: Partial<CallView> = {},
): Story {
  return {
    draw: () => callOf(count, changes, view),
    async act() {
      await press(count === 1 ? "1 person" : `${count} people`);
      await see(".panel.people");
      await pictures();
    },
  };
}

const before = {
  type: "other_key_before",
  name: "Grace Hopper",
  first: KNOWN_SINCE,
  verified: true,
} as const;

/** A locked call as its host sees it: somebody waits, and somebody was removed. */
const hosted = panel(
  3,
  { 0: { host: true }, 2: { microphone: false } },
  {
    waitingTrust: new Map([
      [idOf(4, 32), trust("verified")],
      [idOf(5, 32), trust("new", before)],
    ]),
    room: {
      locked: true,
      opened: false,
      host: true,
      outside: false,
      waiting: [4, 5].map(number => ({
        client: idOf(number, 32),
        name: nameOf(number),
        identity: idOf(number, 64),
      })),
      barred: [{ tag: "AAAAAAAAAAAAAAAAAAAAAA", name: "Hedy Lamarr" }],
    },
  },
);

export const peoplePanels: Stories = {
  host: {
    ...hosted,
    async act() {
      await hosted.act?.();
      await see(".host-controls");
    },
  },
  "host removes": {
    ...hosted,
    async act() {
      await hosted.act?.();
      await see(".host-controls");
      await press("Remove: Grace Hopper");
      await see("dialog.sure");
    },
  },
  "the last host leaves": {
    ...hosted,
    async act() {
      await hosted.act?.();
      await press("Leave call");
      await see("dialog.sure");
    },
  },
  alone: panel(1),
  few: {
    ...panel(5, {
      1: { trust: trust("verified"), handOrder: 1 },
      2: { microphone: false },
      3: { trust: trust("new"), handOrder: 2 },
      4: { microphone: false, camera: false, streams: new Map() },
    }),
    pictures: { people: "desktop" },
  },
  "every hand raised": panel(3, {
    0: { handOrder: 2 },
    1: { handOrder: 1 },
    2: { handOrder: 3 },
  }),
  "one on the way back": panel(3, { 1: { lost: true, streams: new Map() } }),
  recording: panel(3, {
    1: { recording: true },
    2: { recording: true, doubt: "silent" },
  }),
  warnings: panel(5, {
    1: { trust: trust("new", before) },
    2: { trust: trust("new", { type: "same_name_now", verified: false }), name: "Annie Easley" },
    3: { doubt: "elsewhere", quality: { level: "poor", reason: "loss" } },
    4: { doubt: "silent", unreadable: "forged", name: "A name that does not fit into its line" },
  }),
  many: panel(60),
};
