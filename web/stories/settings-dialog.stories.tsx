import { remember } from "../src/call/preferences.js";
import type { CallView } from "../src/call/view.js";
import { FakeDevices, callOf } from "./lib/fake-call.js";
import { type Stories, type Story, press, see } from "./lib/story.js";

function settings(view: Partial<CallView> = {}, devices = () => new FakeDevices()): Story {
  return {
    draw: () => callOf(2, {}, view, { devices: devices() }),
    async act() {
      await press("More");
      await press("Settings");
      await see("dialog.settings");
    },
  };
}

export const settingsDialogs: Stories = {
  usual: settings(),
  "saving data": settings({ mode: "saver" }),
  "sound only, self hidden, silent": {
    ...settings({ mode: "audio" }),
    before() {
      remember("self_hidden", "hidden");
      remember("sounds_off", "off");
    },
  },
  "devices broken": settings(
    {},
    () =>
      new FakeDevices({
        microphone: { on: false, track: undefined, choices: [], chosen: "", problem: "missing" },
        camera: { on: false, track: undefined, problem: "busy" },
      }),
  ),
};
