import { NOT_YET } from "../src/call/view.js";
import { NAMED_ROUTE, callOf, draw } from "./lib/fake-call.js";
import { KNOWN_SINCE, trust } from "./lib/people.js";
import { type Stories, type Story, see, until } from "./lib/story.js";
import { ALARMS } from "./lib/words.js";

/** The lock says this, and can be read whole. */
function lock(type: string, sentence: string, drawn: Story["draw"]): Story {
  return {
    draw: drawn,
    async act() {
      const button = await see(`.lock[data-protection=${type}]`);
      await until(sentence, () => button.innerText === sentence);
    },
  };
}

const twice = {
  type: "other_key_before",
  name: "Grace Hopper",
  first: KNOWN_SINCE,
  verified: true,
} as const;

/** Every protection of call/protection.ts. */
export const locks: Stories = {
  none: lock("none", "Nothing is sent yet: the keys are still being made.", () => draw(NOT_YET)),
  alarm: lock("alarm", "Something interfered with this call. Read the warning.", () =>
    callOf(2, {}, { alarms: ALARMS.slice(0, 1) }),
  ),
  differs: lock(
    "differs",
    "The number differs: somebody may be in between. Say nothing private.",
    () => callOf(2, {}, { numberDiffers: true }),
  ),
  emoji: lock("emoji", "The comparison of emoji was not honest. Compare the number.", () =>
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
  unreadable: lock(
    "unreadable",
    "Grace Hopper cannot be understood here. Cannot be decrypted: their keys are not here yet.",
    () => callOf(3, { 1: { unreadable: "no_key" } }),
  ),
  "several unreadable": lock(
    "unreadable",
    "Grace Hopper and Emmy Noether cannot be understood here. Cannot be decrypted: it was damaged or forged on the way. Lin Lanying cannot be understood here. Cannot be decrypted: their keys are not here yet.",
    () =>
      callOf(6, {
        1: { unreadable: "forged" },
        2: { unreadable: "no_key" },
        5: { unreadable: "forged" },
      }),
  ),
  "many unreadable": lock(
    "unreadable",
    "Grace Hopper, Lin Lanying, and 3 others cannot be understood here. Each of their tiles says why.",
    () =>
      callOf(6, {
        1: { unreadable: "forged" },
        2: { unreadable: "no_key" },
        3: { unreadable: "malformed" },
        4: { unreadable: "forged" },
        5: { unreadable: "replayed" },
      }),
  ),
  doubt: lock("doubt", "Be careful: Lin Lanying may not hear what you hear.", () =>
    callOf(5, { 1: { doubt: "silent" }, 2: { doubt: "elsewhere" }, 3: { doubt: "silent" } }),
  ),
  caution: lock("caution", "Encrypted. Check who Grace Hopper is.", () =>
    callOf(3, { 1: { trust: trust("new", twice) } }),
  ),
  open: lock("open", "Encrypted, but the link does not protect this room: anyone can join.", () =>
    callOf(3, {}, {}, { route: NAMED_ROUTE }),
  ),
  verified: lock("verified", "Encrypted, and you have verified everyone here.", () =>
    callOf(3, { 1: { trust: trust("verified") }, 2: { trust: trust("verified") } }),
  ),
  protected: lock("protected", "Encrypted: only people with this link can be here.", () =>
    callOf(3),
  ),
};
