/** What people write and what the core says, for several stories. */
import type { ChatMessage } from "../../src/call/chat.js";
import type { Alarm } from "../../src/call/view.js";
import { KNOWN_SINCE, idOf, nameOf } from "./people.js";

export const ALARMS: readonly Alarm[] = [
  "The server shows Grace Hopper another history of this call than you. Leave, and share a new link in another way.",
  "Lin Lanying posted a message with a key that is not theirs (rule 12). It was not used.",
  "Somebody sent frames again that had been sent before. They were not shown.",
  "The server took Katherine Johnson out of the call without saying why. If they did not leave, somebody interferes.",
].map((text, index) => ({ id: index + 1, text }));

/** A conversation: who, by number, and what. */
export function conversation(...lines: readonly (readonly [number, string])[]): ChatMessage[] {
  return lines.map(([number, text], index) => ({
    id: `m${index}`,
    client: idOf(number, 32),
    name: nameOf(number),
    identity: idOf(number, 64),
    own: number === 0,
    text,
    at: KNOWN_SINCE + index * 47_000,
  }));
}

export const SMALL_TALK = conversation(
  [1, "Good morning! The figures for October are in."],
  [1, "https://growers.example/harvest/october?sort=month"],
  [0, "Thank you, looking at them now."],
  [2, "The mandarins surprised me."],
  [0, "Same here. Shall we go through them one by one?"],
  [3, "Yes please. I have 20 minutes."],
);
