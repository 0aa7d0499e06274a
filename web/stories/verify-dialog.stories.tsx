import type { CallView, PersonView } from "../src/call/view.js";
import { NOT_YET } from "../src/call/view.js";
import { NAMED_ROUTE, callOf, draw, inside } from "./lib/fake-call.js";
import { KNOWN_SINCE, people, trust } from "./lib/people.js";
import { type Stories, type Story, press, read, see } from "./lib/story.js";

export async function openVerify(): Promise<void> {
  // By the lock: in a narrow window the toolbar has no button for it.
  (await see(".lock")).focus();
  (await see(".lock")).click();
  await read("Is it really them?");
}

export function verify(
  count: number,
  changes: Readonly<Record<number, Partial<PersonView>>> = {},
  view: Partial<CallView> = {},
  act?: () => Promise<void>,
): Story {
  return {
    draw: () => callOf(count, changes, view),
    async act() {
      await openVerify();
      await act?.();
    },
  };
}

const before = { type: "other_key_before", name: "Grace Hopper", first: KNOWN_SINCE } as const;

export const verifyDialogs: Stories = {
  number: { ...verify(3), pictures: { verify: "desktop", "verify-phone": "phone" } },
  differs: verify(3, {}, { numberDiffers: true }),
  "since last time": verify(
    3,
    {},
    {
      sinceLastTime: { at: KNOWN_SINCE, added: ["Lin Lanying"], missing: ["Mae Jemison"] },
    },
  ),
  "as last time": verify(3, {}, { sinceLastTime: { at: KNOWN_SINCE, added: [], missing: [] } }),
  "somebody unreadable": verify(3, { 1: { unreadable: "forged" } }),
  "named room": {
    draw: () => callOf(3, {}, {}, { route: NAMED_ROUTE }),
    act: openVerify,
  },
  "no number yet": { draw: () => draw(NOT_YET), act: openVerify },
  "no number now": {
    draw: () => draw({ ...inside(people(3)), phase: "reconnecting", safetyNumber: undefined }),
    act: openVerify,
  },
  "QR code": verify(3, {}, {}, async () => {
    await press("Show as a QR code");
    await see("details[open] .qr");
  }),
  "every trust": verify(9, {
    1: { trust: trust("verified") },
    2: { trust: trust("seen") },
    3: { trust: trust("new") },
    4: { trust: trust("unconfirmed") },
    5: { trust: trust("own_key") },
    6: { trust: trust("new", { ...before, verified: false }) },
    7: { trust: trust("new", { ...before, verified: true }), doubt: "silent" },
    8: { trust: trust("verified", { type: "renamed", before: "Grace" }), doubt: "elsewhere" },
  }),
  "the same name twice": verify(3, {
    1: { trust: trust("verified", { type: "same_name_now", verified: false }) },
    2: { trust: trust("new", { type: "same_name_now", verified: true }), name: "Grace Hopper" },
  }),
  "marks that do not last": verify(2, {}, { marksLast: false }),
  alone: verify(1),
  "60 people": verify(60),
};
