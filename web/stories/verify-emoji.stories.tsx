import type { EmojiFailure } from "../src/generated/EmojiFailure.js";
import type { EmojiPerson } from "../src/generated/EmojiPerson.js";
import type { EmojiView } from "../src/generated/EmojiView.js";
import { idOf, nameOf } from "./lib/people.js";
import { type Stories, type Story, see } from "./lib/story.js";
import { verify } from "./verify-dialog.stories.js";

const who = (number: number): EmojiPerson => ({
  client: idOf(number, 32),
  name: nameOf(number),
  own: number === 0,
});

function emoji(state: EmojiView, count = 3): Story {
  return verify(count, {}, { emoji: state }, async () =>
    (await see(".emoji-check")).scrollIntoView({ block: "center" }),
  );
}

const failed = (reason: EmojiFailure) => emoji({ state: "failed", reason });

const SIX = [
  ["🦋", "butterfly"],
  ["🍋", "lemon"],
  ["⛵", "sailing boat"],
  ["🎻", "violin"],
  ["🌵", "cactus"],
  ["🧭", "compass"],
].map(([symbol = "", word = ""], place) => ({ place, symbol, word }));

export const verifyEmoji: Stories = {
  idle: emoji({ state: "idle" }),
  "nobody to compare with": emoji({ state: "idle" }, 1),
  asking: emoji({ state: "asking" }),
  running: emoji({
    state: "running",
    starter: who(0),
    people: [
      { person: who(0), step: "revealed" },
      { person: who(1), step: "committed" },
      { person: who(2), step: "silent" },
    ],
  }),
  "running, by another, with many": emoji(
    {
      state: "running",
      starter: who(1),
      people: Array.from({ length: 25 }, (_, number) => ({ person: who(number), step: "silent" })),
    },
    25,
  ),
  done: emoji({ state: "done", starter: who(0), emoji: SIX }),
  "done, by another": emoji({ state: "done", starter: who(2), emoji: SIX }),
  "not sent": failed({ type: "not_sent" }),
  missing: failed({ type: "missing", people: [who(1), who(2)] }),
  cancelled: failed({ type: "cancelled", by: who(0) }),
  "cancelled by another": failed({ type: "cancelled", by: who(1) }),
  broken: failed({ type: "broken", by: who(1), how: "other_reveal" }),
  "people changed": failed({ type: "people_changed", joined: [who(3)], left: [who(4)] }),
  reconnected: failed({ type: "reconnected" }),
};
