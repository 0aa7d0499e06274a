import { remember } from "../src/call/preferences.js";
import { callOf } from "./lib/fake-call.js";
import { type Stories, press, see } from "./lib/story.js";

async function open() {
  await press("More");
  await see(".menu");
}

export const moreMenus: Stories = {
  open: { draw: () => callOf(3), act: open },
  "in speaker view": {
    before: () => remember("layout", "speaker"),
    draw: () => callOf(3, { 0: { handOrder: 1 } }, { handRaised: true }),
    act: open,
  },
};
