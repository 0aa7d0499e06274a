import type { DeviceKind, DeviceView } from "../src/call/devices.js";
import type { EffectsView } from "../src/effects/effects.js";
import { ownEffects } from "../src/effects/own.js";
import { Lobby } from "../src/ui/lobby.js";
import { FakeDevices, SECRET_ROUTE, callOf, pictures } from "./lib/fake-call.js";
import { type Stories, type Story, press, see } from "./lib/story.js";

type Change = Partial<Record<DeviceKind, Partial<DeviceView>>>;

const OFF: EffectsView["state"] = { microphone: "off", camera: "off" };

/** In the settings; `view`: what is wanted, and how far it is. */
function effects(view: Partial<EffectsView>, change: Change = {}): Story {
  return {
    before: () => ownEffects.view.patch(view),
    draw: () => callOf(2, {}, {}, { devices: new FakeDevices(change) }),
    async act() {
      await pictures();
      await press("More");
      await press("Settings");
      await opened();
    },
  };
}

async function opened(): Promise<void> {
  (await see(".effects-place summary")).click();
  const panel = await see(".effects");
  await Promise.all([...panel.querySelectorAll("img")].map(image => image.decode()));
  (await see(".effects-place")).scrollIntoView({ block: "end" });
  // No ring in the picture: it would be where the dialog put the focus.
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

export const effectsPanels: Stories = {
  off: effects({}),
  blur: effects({ background: "blur", state: { ...OFF, camera: "on" } }),
  "an image, and no noise": {
    ...effects({ background: "grove", noise: true, state: { microphone: "on", camera: "on" } }),
    pictures: { effects: "desktop" },
  },
  "an image of one's own": effects({
    background: "own",
    own: "/icon.svg",
    state: { ...OFF, camera: "on" },
  }),
  starting: effects({ background: "dusk", noise: true, state: { ...OFF, camera: "starting" } }),
  failed: effects(
    {
      background: "dawn",
      noise: true,
      state: { microphone: "failed", camera: "failed" },
    },
    {
      microphone: { problem: "effect" },
      camera: { on: false, track: undefined, problem: "effect" },
    },
  ),
  "not supported": {
    ...effects({}),
    before() {
      for (const name of ["AudioWorkletNode", "OffscreenCanvas"]) {
        Reflect.deleteProperty(globalThis, name);
      }
    },
  },
  "no noise suppression": {
    ...effects({}),
    before: () => void Reflect.deleteProperty(globalThis, "AudioWorkletNode"),
  },
  "in the lobby": {
    before: () => ownEffects.view.patch({ background: "dusk", state: { ...OFF, camera: "on" } }),
    draw: () => (
      <Lobby
        route={SECRET_ROUTE}
        devices={new FakeDevices()}
        join={() => undefined}
        home={() => undefined}
      />
    ),
    async act() {
      await pictures();
      await opened();
    },
  },
};
