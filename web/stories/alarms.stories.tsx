import { callOf } from "./lib/fake-call.js";
import { type Stories, press, read, see } from "./lib/story.js";
import { ALARMS } from "./lib/words.js";

const one = ALARMS.slice(0, 1);

export const alarms: Stories = {
  one: {
    draw: () => callOf(3, {}, { alarms: one }),
    act: async () => void (await see(".alarm")),
  },
  four: {
    draw: () => callOf(3, {}, { alarms: ALARMS }),
    act: async () => void (await see(".alarm")),
  },
  "beside the chat": {
    draw: () => callOf(3, {}, { alarms: one }),
    async act() {
      await press("Chat");
      await see(".panel .writing");
    },
  },
  "over a dialog": {
    draw: () => callOf(3, {}, { alarms: one }),
    async act() {
      await press("Something interfered");
      await read("Is it really them?");
    },
  },
};
