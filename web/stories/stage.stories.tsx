import { remember } from "../src/call/preferences.js";
import { callOf, pictures } from "./lib/fake-call.js";
import { idOf } from "./lib/people.js";
import { type Stories, press, see } from "./lib/story.js";

const speaker = () => remember("layout", "speaker");
const heard = { lastHeard: new Map([[idOf(2, 32), 5_000]]) };

export const stages: Stories = {
  "speaker view": {
    before: speaker,
    draw: () => callOf(5, { 2: { speaking: true } }, heard),
    act: pictures,
    pictures: { speaker: "desktop" },
  },
  "speaker view, 2 people": { before: speaker, draw: () => callOf(2), act: pictures },
  "speaker view, 25 people": { before: speaker, draw: () => callOf(25, {}, heard), act: pictures },
  "speaker view, alone": { before: speaker, draw: () => callOf(1), act: pictures },
  pinned: {
    draw: () => callOf(5),
    async act() {
      await press("Show Grace Hopper large");
      await see(".spotlight .pin[aria-pressed=true]");
      await pictures();
    },
  },
  "self hidden": {
    before: () => remember("self_hidden", "hidden"),
    draw: () => callOf(3),
    act: pictures,
  },
  "second page": {
    draw: () => callOf(60),
    async act() {
      // In a window that holds them all there is no second page.
      if (document.querySelector(".pager") !== null) await press("Next page");
      await pictures();
    },
  },
};
