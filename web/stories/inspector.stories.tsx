import type { InspectionView } from "../src/call/inspection.js";
import type { FramesInspection } from "../src/generated/FramesInspection.js";
import type { Happening } from "../src/generated/Happening.js";
import type { ReceiverCounters } from "../src/generated/ReceiverCounters.js";
import type { Tab } from "../src/ui/inspector/tabs.js";
import { ALARMS } from "./lib/words.js";
import { callOf, pictures } from "./lib/fake-call.js";
import {
  NO_FRAMES,
  NOW,
  TIMES,
  clientOf,
  groupOf,
  headOf,
  historyOf,
  keyIdOf,
  lineOf,
  viewOf,
} from "./lib/inspected.js";
import { type Story, type Stories, press, see } from "./lib/story.js";

/** So many looks come at once, and then none: what is drawn of them stands still. */
const LOOKS = 40;
const POLL_MS = 500;

/** The inspector on one of its tabs, in a call of five. `at`: what it sees at its look with this number. */
function inspector(
  tab: Tab,
  at: (look: number) => InspectionView,
  seen: string,
  alarms: typeof ALARMS = [],
): Story {
  let look = 0;
  let due = false;
  return {
    before() {
      const start = window.setTimeout.bind(window);
      const hurry = (handler: TimerHandler, ms = 0, ...rest: unknown[]) => {
        if (ms !== POLL_MS || typeof handler !== "function") return start(handler, ms, ...rest);
        if (look >= LOOKS) return 0;
        return start(() => {
          due = true;
          handler();
        });
      };
      window.setTimeout = hurry as typeof window.setTimeout;
    },
    draw: () =>
      callOf(
        5,
        {},
        { alarms },
        {
          inspect() {
            // One that nothing was waiting for has been opened anew.
            if (!due) look = 0;
            due = false;
            look += 1;
            return Promise.resolve(at(look));
          },
        },
      ),
    async act() {
      await pictures();
      await press("More");
      await press("Inspector");
      (await see(`dialog.inspector [data-tab=${tab}]`)).click();
      await see(`dialog.inspector ${seen}`);
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    },
  };
}

const still = (view: InspectionView) => () => view;

const entry = (
  seq: number,
  kind: (Happening & { type: "entry" })["kind"],
  number: number,
  bytes: number,
  outcome: (Happening & { type: "entry" })["outcome"],
): Happening => ({ type: "entry", seq, kind, client: clientOf(number), bytes, outcome });
const TAKEN = { type: "taken" } as const;
const epoch = (number: number, added: number, removed: number, path: boolean) =>
  ({ type: "epoch", epoch: number, added, removed, path }) as const;
const said = (content: "state" | "chat" | "reaction" | "emoji") =>
  ({ type: "read", content }) as const;

const LOG: readonly Happening[] = [
  entry(31, "arrived", 0, 412, TAKEN),
  entry(32, "committed", 1, 3_904, { type: "not_for_us" }),
  entry(33, "committed", 1, 5_120, epoch(9, 1, 0, true)),
  entry(34, "entered", 0, 140, TAKEN),
  entry(35, "message", 1, 260, said("state")),
  entry(36, "arrived", 2, 412, TAKEN),
  entry(37, "committed", 1, 2_870, epoch(10, 1, 0, false)),
  entry(38, "message", 2, 310, said("state")),
  entry(39, "message", 1, 420, said("chat")),
  entry(40, "departed", 3, 0, TAKEN),
  entry(42, "committed", 0, 4_020, epoch(11, 0, 1, true)),
  entry(43, "message", 2, 190, said("reaction")),
];
const REJECTED: readonly Happening[] = [
  entry(44, "committed", 2, 3_300, {
    type: "refused",
    broken: {
      rule: 12,
      text: "a commit that adds carries exactly the link's PSK, any other none",
      blame: "author",
    },
  }),
  { type: "bad_check", client: clientOf(1) },
  { type: "stale" },
  { type: "post_refused", code: "too_many_requests" },
  entry(47, "committed", 1, 3_700, {
    type: "lost",
    why: "the commit's path has nothing that this device can open",
    broken: {
      rule: 4,
      text: "a commit passes the validation of MLS",
      blame: "author_or_server",
    },
  }),
  { type: "arrived_anew", why: "the group went on without this device" },
  { type: "resumed" },
];

const LINES = [
  headOf({ kind: "send", source: "camera", sole: "vp8" }, 0),
  headOf({ kind: "send", source: "microphone", sole: "opus" }, 0),
  headOf({ kind: "receive", client: clientOf(1), source: "camera" }, 1),
];
const received = (
  number: number,
  source: "microphone" | "camera",
  opened: number,
): ReceiverCounters => ({
  client: clientOf(number),
  source,
  opened,
  held: 0,
  dropped: [],
  keys: [
    { key_id: keyIdOf(number, source, 10), opened: Math.round(opened / 3), held: 0, dropped: [] },
    { key_id: keyIdOf(number, source), opened: Math.round(opened / 1.5), held: 0, dropped: [] },
  ],
});
const FRAMES: FramesInspection = {
  sending: 11,
  epochs: [
    { epoch: 10, expires: NOW + 4_200 },
    { epoch: 11, expires: null },
  ],
  sealed: 7_420,
  unsealed: 12,
  sent: [
    { key_id: keyIdOf(0, "camera", 10), sealed: 1_204 },
    { key_id: keyIdOf(0, "camera"), sealed: 1_892 },
    { key_id: keyIdOf(0, "microphone"), sealed: 3_120 },
  ],
  received: [received(1, "camera", 2_940), received(2, "microphone", 4_611)],
};
const BAD_FRAMES: FramesInspection = {
  ...FRAMES,
  received: [
    {
      ...received(1, "camera", 640),
      held: 31,
      dropped: [
        ["no_key", 120],
        ["forged", 4],
        ["replayed", 2],
      ],
      keys: [
        { key_id: keyIdOf(1, "camera", 10), opened: 600, held: 0, dropped: [] },
        {
          key_id: keyIdOf(1, "camera"),
          opened: 40,
          held: 31,
          dropped: [["no_key", 126]],
        },
      ],
    },
  ],
};

function measured(look: number): InspectionView {
  const receive = (number: number, source: "camera" | "microphone") =>
    ({ direction: "in", use: { type: "receive", client: clientOf(number), source } }) as const;
  const send = (source: "camera" | "microphone") =>
    ({ direction: "out", use: { type: "send", source }, roundTripMs: 34.2 }) as const;
  const media = {
    lines: [
      lineOf("out-camera", look, { ...send("camera"), codec: "video/VP8", limitedBy: "bandwidth" }),
      lineOf("out-mic", look, { ...send("microphone"), codec: "audio/opus", lost: 0 }),
      lineOf("in-camera-1", look, { ...receive(1, "camera"), codec: "video/VP8", lost: look }),
      lineOf("in-mic-2", look, { ...receive(2, "microphone"), codec: "audio/opus", lost: 0 }),
    ],
    way: {
      state: "succeeded",
      roundTripMs: 31.4,
      localType: "host",
      remoteType: "host",
      protocol: "udp",
      dtls: "TLS_AES_128_GCM_SHA256",
      srtp: "AEAD_AES_128_GCM",
      availableBps: 2_400_000,
    },
  };
  return viewOf({ group: groupOf(3, 1) }, {}, media);
}

const five = groupOf(5, 1);
const busy = groupOf(
  5,
  null,
  {
    1: { passed_over: true },
    2: { present: false, rank: null, waits_ms: null },
    3: { entered: false, confirmed: false, rank: null, waits_ms: null },
    4: { silent: true, elsewhere: true },
  },
  {
    adds: [clientOf(6)],
    removes: [clientOf(2)],
    unaddable: [clientOf(8)],
    since: NOW - 2_300,
    own_turn: NOW + 700,
    in_flight: { parent: 42, adds: 1, path: true },
  },
);

export const inspectors: Stories = {
  "no group yet": inspector("group", still({ ...viewOf({}), worker: undefined }), "p"),
  "group of 2": inspector("group", still(viewOf({ group: groupOf(2, 0) })), "svg.tree"),
  "group of 5": {
    ...inspector("group", still(viewOf({ group: five })), "svg.tree"),
    pictures: { inspector: "desktop" },
  },
  "group of 25": inspector("group", still(viewOf({ group: groupOf(25, 9) })), "svg.tree"),
  "group with work": inspector(
    "group",
    still(
      viewOf({
        group: busy,
        room: {
          client: clientOf(0),
          log_id: "",
          processed: 57,
          parent: 42,
          newcomers: [
            { client: clientOf(6), arrived: 55, broken: null },
            {
              client: clientOf(8),
              arrived: 56,
              broken: {
                rule: 9,
                text: "an added client's key package is admissible",
                blame: "author",
              },
            },
          ],
        },
      }),
    ),
    ".warn-text",
  ),
  "group, an alarm": inspector("group", still(viewOf({ group: five })), "svg.tree", [
    ...ALARMS.slice(0, 1),
  ]),
  log: inspector("log", still(viewOf({ group: five, history: historyOf(LOG) })), "ol.log"),
  "log with refused entries": inspector(
    "log",
    still(viewOf({ group: five, history: historyOf([...LOG.slice(4), ...REJECTED], 180) })),
    ".bad-row",
  ),
  "long log": inspector(
    "log",
    still(
      viewOf({
        group: five,
        history: historyOf(
          Array.from({ length: 90 }, (_, n) => entry(n, "message", n % 5, 300, said("state"))),
          0,
          600,
        ),
      }),
    ),
    "ol.log + .button",
  ),
  "log empty": inspector("log", still(viewOf({})), ".timeline"),
  frames: inspector(
    "frames",
    still(viewOf({ group: five, frames: FRAMES }, { times: TIMES, lines: LINES })),
    ".bytes",
  ),
  "frames dropped": inspector(
    "frames",
    still(viewOf({ group: five, frames: BAD_FRAMES }, { times: TIMES })),
    ".count.bad",
  ),
  "frames, none": inspector(
    "frames",
    still(viewOf({ group: groupOf(2, 0), frames: NO_FRAMES })),
    "table",
  ),
  media: inspector("media", measured, ".spark-line"),
  "media, none": inspector("media", still(viewOf({})), "h3 + p"),
  export: inspector("export", measured, ".problem.block"),
};
