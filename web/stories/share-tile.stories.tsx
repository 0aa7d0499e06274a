import type { PersonView } from "../src/call/view.js";
import { callOf, pictures } from "./lib/fake-call.js";
import { portrait, slide } from "./lib/pictures.js";
import type { Stories } from "./lib/story.js";

const shows = (number: number): Partial<PersonView> => ({
  streams: new Map([
    ["camera", portrait(number)],
    ["screen", slide(number)],
  ]),
});

export const shareTiles: Stories = {
  one: {
    draw: () => callOf(5, { 1: shows(1), 2: { speaking: true } }),
    act: pictures,
    pictures: { share: "desktop" },
  },
  three: { draw: () => callOf(5, { 1: shows(1), 2: shows(2), 3: shows(3) }), act: pictures },
  own: {
    draw() {
      const [track] = slide(0).getVideoTracks();
      return callOf(3, {}, { share: { on: true, pending: false, problem: undefined, track } });
    },
    act: pictures,
  },
  "among many": { draw: () => callOf(25, { 4: shows(4) }), act: pictures },
};
