import { callOf } from "./lib/fake-call.js";
import { type Stories, press, see } from "./lib/story.js";

export const reactionMenus: Stories = {
  open: {
    draw: () => callOf(3),
    async act() {
      await press("React");
      await see(".emoji-choice");
    },
  },
};
