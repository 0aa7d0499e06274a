import type { Quality } from "../src/call/quality.js";
import type { PersonView, Unreadable } from "../src/call/view.js";
import { callOf, draw, inside, pictures } from "./lib/fake-call.js";
import { KNOWN_SINCE, idOf, people, person, trust, unseen } from "./lib/people.js";
import { type Stories, see } from "./lib/story.js";

const poor = (reason: Quality["reason"]): Partial<PersonView> => ({
  quality: { level: "poor", reason },
});
const unreadable: readonly Unreadable[] = [
  "no_receiver",
  "malformed",
  "no_key",
  "wrong_sender",
  "wrong_source",
  "forged",
  "replayed",
  "hold_full",
];
const before = {
  type: "other_key_before",
  name: "Grace Hopper",
  first: KNOWN_SINCE,
  verified: false,
} as const;

export const tiles: Stories = {
  marks: {
    draw: () =>
      callOf(9, {
        1: { trust: trust("verified") },
        2: { trust: trust("seen") },
        3: { trust: trust("new") },
        4: { trust: trust("unconfirmed") },
        5: { trust: trust("own_key") },
        6: { trust: trust("new", before) },
        7: { trust: trust("new", { type: "same_name_now", verified: true }) },
        8: { trust: trust("verified", { type: "renamed", before: "Grace" }) },
      }),
    act: pictures,
  },
  qualities: {
    draw: () =>
      callOf(5, {
        0: { quality: { level: "fair", reason: "delay" } },
        1: { quality: { level: "fair", reason: "loss" } },
        2: poor("loss"),
        3: poor("frozen"),
        4: poor("nothing"),
      }),
    act: pictures,
  },
  "own quality": { draw: () => callOf(2, { 0: poor("nothing") }), act: pictures },
  "a reason in sight": {
    draw: () => callOf(2, { 1: poor("loss") }),
    act: async () => (await see(".quality")).focus(),
  },
  unreadable: {
    draw: () =>
      draw(
        inside([
          person(0),
          ...unreadable.map((reason, index) => unseen(index + 1, { unreadable: reason })),
        ]),
      ),
  },
  "speaking, muted, away": {
    draw: () =>
      callOf(5, {
        1: { speaking: true },
        2: { microphone: false },
        3: { present: false },
        4: { microphone: false, camera: false, streams: new Map() },
      }),
    act: pictures,
  },
  "one on the way back": {
    draw: () => callOf(3, { 1: { lost: true }, 2: { lost: true, streams: new Map() } }),
    act: async () => void (await see(".doubt")),
  },
  doubts: {
    draw: () => callOf(3, { 1: { doubt: "silent" }, 2: { doubt: "elsewhere", microphone: false } }),
    act: pictures,
  },
  hands: {
    draw: () =>
      callOf(
        5,
        { 0: { handOrder: 3 }, 2: { handOrder: 1 }, 3: { handOrder: 2 } },
        {
          handRaised: true,
        },
      ),
    act: pictures,
  },
  recording: {
    draw: () => callOf(5, { 1: { recording: true, handOrder: 1 }, 2: { recording: true } }),
    act: pictures,
  },
  reactions: {
    draw: () =>
      callOf(
        5,
        {},
        {
          reactions: ["👏", "🎉", "❤️", "👍"].map((emoji, id) => ({
            id,
            client: idOf(id === 3 ? 1 : id + 1, 32),
            name: "",
            emoji,
          })),
        },
      ),
    act: pictures,
  },
  "long and foreign names": {
    draw: () =>
      draw(
        inside([
          person(0),
          person(1, { name: "Donaudampfschifffahrtsgesellschaftskapitän Anneliese" }),
          unseen(2, { name: "ليلى حداد" }),
          unseen(3, { name: "林 兰英", microphone: false, doubt: "silent" }),
          unseen(4, { name: "👩🏽‍🚀", trust: trust("new", before), handOrder: 1 }),
        ]),
      ),
    act: pictures,
  },
  "own names twice": {
    draw: () =>
      draw(inside([...people(2), unseen(3, { name: "Ada Lovelace", trust: trust("own_key") })])),
    act: pictures,
  },
};
