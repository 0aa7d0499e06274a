import { NOT_YET } from "../src/call/view.js";
import { NAMED_ROUTE, callOf, draw } from "./lib/fake-call.js";
import { KNOWN_SINCE, trust } from "./lib/people.js";
import { type Stories, type Story, see } from "./lib/story.js";
import { ALARMS } from "./lib/words.js";

function lock(type: string, drawn: Story["draw"]): Story {
  return { draw: drawn, act: async () => void (await see(`.lock[data-protection=${type}]`)) };
}

const twice = {
  type: "other_key_before",
  name: "Grace Hopper",
  first: KNOWN_SINCE,
  verified: true,
} as const;

/** Every protection of call/protection.ts. */
export const locks: Stories = {
  none: lock("none", () => draw(NOT_YET)),
  alarm: lock("alarm", () => callOf(2, {}, { alarms: ALARMS.slice(0, 1) })),
  differs: lock("differs", () => callOf(2, {}, { numberDiffers: true })),
  emoji: lock("emoji", () =>
    callOf(
      2,
      {},
      {
        emoji: {
          state: "failed",
          reason: {
            type: "broken",
            by: { client: "1", name: "Grace Hopper", own: false },
            how: "second_commit",
          },
        },
      },
    ),
  ),
  unreadable: lock("unreadable", () => callOf(3, { 1: { unreadable: "no_key" } })),
  doubt: lock("doubt", () =>
    callOf(5, { 1: { doubt: "silent" }, 2: { doubt: "elsewhere" }, 3: { doubt: "silent" } }),
  ),
  caution: lock("caution", () => callOf(3, { 1: { trust: trust("new", twice) } })),
  open: lock("open", () => callOf(3, {}, {}, { route: NAMED_ROUTE })),
  verified: lock("verified", () =>
    callOf(3, { 1: { trust: trust("verified") }, 2: { trust: trust("verified") } }),
  ),
  protected: lock("protected", () => callOf(3)),
};
