import { remember } from "../src/call/preferences.js";
import { callOf } from "./lib/fake-call.js";
import { type Stories, press, see } from "./lib/story.js";

async function open() {
  await press("More");
  await press("Keyboard shortcuts");
  await see("dialog.help");
}

export const helpDialogs: Stories = {
  "keys on": { draw: () => callOf(2), act: open },
  "keys off": { before: () => remember("shortcuts_off", "off"), draw: () => callOf(2), act: open },
};
