import { NOT_YET } from "../src/call/view.js";
import { FakeDevices, callOf } from "./lib/fake-call.js";
import { type Stories, see } from "./lib/story.js";
import { SMALL_TALK } from "./lib/words.js";

export const toolbars: Stories = {
  "all off": {
    draw: () =>
      callOf(
        2,
        {},
        {},
        {
          devices: new FakeDevices({
            microphone: { on: false },
            camera: { on: false, track: undefined },
          }),
        },
      ),
  },
  "hand raised, screen shared": {
    draw: () =>
      callOf(
        2,
        { 0: { handOrder: 1 } },
        {
          handRaised: true,
          share: { ...NOT_YET.share, on: true },
        },
      ),
  },
  "unread messages": {
    draw: () => callOf(3, {}, { chat: SMALL_TALK }),
    act: async () => void (await see(".unread")),
  },
  "more than 99 unread messages": {
    draw: () =>
      callOf(
        3,
        {},
        {
          chat: Array.from({ length: 120 }, (_, index) => ({
            ...SMALL_TALK[0]!,
            id: String(index),
          })),
        },
      ),
    act: async () => void (await see(".unread")),
  },
  "a phone that cannot share": {
    before: () => Reflect.deleteProperty(MediaDevices.prototype, "getDisplayMedia"),
    draw: () => callOf(2),
  },
};
