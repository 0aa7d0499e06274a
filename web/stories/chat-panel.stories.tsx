import type { ChatMessage } from "../src/call/chat.js";
import { callOf, pictures } from "./lib/fake-call.js";
import { type Stories, type Story, press, see, type } from "./lib/story.js";
import { SMALL_TALK, conversation } from "./lib/words.js";

const chat = (messages: readonly ChatMessage[], act?: () => Promise<void>): Story => ({
  draw: () => callOf(4, {}, { chat: messages }),
  async act() {
    await press("Chat");
    await see(".writing textarea");
    await act?.();
  },
});

const many = Array.from({ length: 80 }, (_, index): [number, string] => [
  (index * index) % 4,
  `Message number ${index + 1}, ${"with a few more words ".repeat(index % 4)}and an end.`,
]);

export const chatPanels: Stories = {
  empty: chat([]),
  talk: { ...chat(SMALL_TALK, pictures), pictures: { chat: "desktop", "chat-phone": "phone" } },
  many: chat(conversation(...many)),
  "long words and links": chat(
    conversation(
      [1, `https://growers.example/${"very/long/path/".repeat(12)}?and=more#${"x".repeat(80)}`],
      [0, "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen".repeat(3)],
      [2, "Lines\n\nthat are broken\n    and indented,\nas they were written."],
      [3, "See (https://growers.example/list_(all)), then https://growers.example."],
    ),
  ),
  "right to left": chat(
    conversation(
      [1, "صباح الخير! هل وصلت أرقام شهر أكتوبر؟"],
      [0, "Yes: https://growers.example/october שלום!"],
      [2, "בוקר טוב לכולם"],
    ),
  ),
  draft: chat(SMALL_TALK, () =>
    type("textarea", `One line.\n${"Many words in a long line that breaks. ".repeat(8)}`),
  ),
};
