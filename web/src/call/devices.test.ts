import assert from "node:assert/strict";
import { test } from "node:test";
import { consoleDuring } from "../test/console.js";
import { problemOf } from "./device-access.js";
import { Devices } from "./devices.js";

class FakeTrack {
  enabled = true;
  stopped = false;
  contentHint = "";
  onended: (() => void) | null = null;

  constructor(readonly kind: "audio" | "video") {}

  stop(): void {
    this.stopped = true;
  }

  getSettings(): object {
    return { deviceId: `${this.kind} device` };
  }
}

/** A browser with one microphone and one camera, where `refuse` names what cannot be had. */
function browser(refuse: { audio?: string; video?: string } = {}) {
  const tracks: FakeTrack[] = [];
  const asked: string[] = [];
  const gates: (() => void)[] = [];
  const state: {
    refuse: typeof refuse;
    gated: boolean;
    devices: object[];
    changed: (() => void) | undefined;
    /** Which cameras were asked for. */
    cameras: unknown[];
    /** What is listed is not there any more. */
    gone: boolean;
  } = { refuse, gated: false, devices: [], changed: undefined, cameras: [], gone: false };
  const mediaDevices = {
    addEventListener: (_: string, listener: () => void) => (state.changed = listener),
    removeEventListener: () => undefined,
    enumerateDevices: () => Promise.resolve(state.devices),
    async getUserMedia({ audio, video }: MediaStreamConstraints) {
      const { deviceId } = typeof video === "object" ? video : {};
      state.cameras.push(deviceId);
      const exact = typeof deviceId === "object" && "exact" in deviceId;
      if (exact && state.gone) throw Object.assign(new Error(), { name: "OverconstrainedError" });
      asked.push([audio ? "audio" : "", video ? "video" : ""].join(" ").trim());
      if (state.gated) await new Promise<void>(resolve => gates.push(resolve));
      const name = (audio && state.refuse.audio) || (video && state.refuse.video);
      if (name) throw Object.assign(new Error(), { name });
      const made = [
        ...(audio ? [new FakeTrack("audio")] : []),
        ...(video ? [new FakeTrack("video")] : []),
      ];
      tracks.push(...made);
      return {
        getAudioTracks: () => made.filter(track => track.kind === "audio"),
        getVideoTracks: () => made.filter(track => track.kind === "video"),
      };
    },
  };
  const permissions = { query: () => Promise.resolve({ state: "prompt" }) };
  Object.defineProperty(globalThis, "navigator", {
    value: { mediaDevices, permissions },
    configurable: true,
  });
  return { tracks, asked, gates, state };
}

/** When what was begun has had time to end. */
const settled = () => new Promise(resolve => setTimeout(resolve, 0));

test("both devices are asked for in one question", async () => {
  const { asked } = browser();
  const devices = new Devices();
  await devices.start();
  const { microphone, camera } = devices.view.get();
  assert.deepEqual(asked, ["audio video"]);
  assert.deepEqual([microphone.on, camera.on], [true, true]);
  assert.equal(camera.chosen, "video device");
});

test("a camera that is off is released, a microphone that is off is silent", async () => {
  const { tracks } = browser();
  const devices = new Devices();
  await devices.start();
  const [microphone, camera] = tracks;
  await devices.toggle("camera");
  await devices.toggle("microphone");
  assert.deepEqual(
    [camera?.stopped, microphone?.stopped, microphone?.enabled],
    [true, false, false],
  );
  assert.equal(devices.view.get().camera.track, undefined);
  await devices.toggle("camera");
  await devices.toggle("microphone");
  assert.equal(tracks.length, 3);
  assert.equal(microphone?.enabled, true);
  assert.equal(devices.view.get().camera.on, true);
});

test("without a camera the microphone still works, and the reason is known", async () => {
  const { asked } = browser({ video: "NotFoundError" });
  const devices = new Devices();
  await devices.start();
  const { microphone, camera } = devices.view.get();
  assert.deepEqual(asked, ["audio video", "audio", "video"]);
  assert.deepEqual([microphone.on, microphone.problem], [true, undefined]);
  assert.deepEqual([camera.on, camera.pending, camera.problem], [false, false, "missing"]);
});

test("a chosen camera that is there is required, so that no other one takes its place", async () => {
  const { state } = browser();
  state.devices = [{ kind: "videoinput", deviceId: "small", label: "Small camera" }];
  const devices = new Devices();
  await devices.start();
  await devices.choose("camera", "small");
  await devices.choose("camera", "elsewhere");
  assert.deepEqual(state.cameras, [undefined, { exact: "small" }, { ideal: "elsewhere" }]);
});

test("where the chosen camera has gone just now, another one is taken", async () => {
  const { state } = browser();
  state.devices = [{ kind: "videoinput", deviceId: "small", label: "Small camera" }];
  const devices = new Devices();
  await devices.start();
  state.gone = true;
  await devices.choose("camera", "small");
  assert.deepEqual(state.cameras.slice(1), [{ exact: "small" }, { ideal: "small" }]);
  assert.equal(devices.view.get().camera.on, true);
});

test("an error of the browser gets into the console with what it means", async () => {
  browser({ audio: "NotReadableError", video: "NotReadableError" });
  const devices = new Devices();
  const { warnings } = await consoleDuring(() => devices.start());
  assert.deepEqual(warnings.at(-1), [
    "tangelo",
    {
      what: "device-failed",
      kinds: "camera",
      problem: "busy",
      error: "NotReadableError",
      message: "",
    },
  ]);
});

test("a person who said no is not asked again", async () => {
  const { asked } = browser({ audio: "NotAllowedError", video: "NotAllowedError" });
  const devices = new Devices();
  await devices.start();
  const { microphone, camera } = devices.view.get();
  assert.deepEqual(asked, ["audio video"]);
  assert.deepEqual([microphone.problem, camera.problem], ["denied", "denied"]);
});

test("a device that comes after it was turned off, or after the end, is given back", async () => {
  const { tracks, gates, state } = browser();
  const devices = new Devices();
  state.gated = true;
  const turningOn = devices.toggle("camera");
  await devices.toggle("camera");
  gates.shift()?.();
  await turningOn;
  assert.equal(tracks[0]?.stopped, true);
  assert.equal(devices.view.get().camera.on, false);

  const again = devices.toggle("camera");
  devices.stop();
  gates.shift()?.();
  await again;
  assert.equal(tracks[1]?.stopped, true);
  assert.equal(devices.view.get().camera.track, undefined);
});

test("a device that is pulled out is off, with the reason, if there is no other", async () => {
  const { tracks } = browser();
  const devices = new Devices();
  await devices.start();
  tracks[1]?.onended?.();
  await settled();
  const { camera } = devices.view.get();
  assert.deepEqual([camera.on, camera.track, camera.problem], [false, undefined, "unplugged"]);
});

test("another one takes the place of a device that is pulled out", async () => {
  const { tracks, state } = browser();
  const devices = new Devices();
  await devices.start();
  state.devices = [{ kind: "videoinput", deviceId: "other", label: "Other camera" }];
  tracks[1]?.onended?.();
  await settled();
  const { camera } = devices.view.get();
  assert.deepEqual([camera.on, camera.problem, camera.replaced], [true, undefined, 1]);
  assert.equal(camera.track, tracks[2]);
});

test("what is plugged in is named, what only gets its name with the permission is not", async () => {
  const { state } = browser();
  state.devices = [{ kind: "audioinput", deviceId: "one", label: "" }];
  const devices = new Devices();
  await devices.start();
  const list = (...names: string[]) =>
    names.map(label => ({ kind: "audioinput", deviceId: label, label }));
  state.devices = list("one");
  state.changed?.();
  await settled();
  assert.equal(devices.view.get().microphone.plugged, undefined);
  state.devices = list("one", "Headset");
  state.changed?.();
  await settled();
  assert.equal(devices.view.get().microphone.plugged?.label, "Headset");
});

test("the first device of a kind is told of, and is missed no more", async () => {
  const { state } = browser({ video: "NotFoundError" });
  state.devices = [{ kind: "audioinput", deviceId: "one", label: "One" }];
  const devices = new Devices();
  await devices.start();
  assert.equal(devices.view.get().camera.problem, "missing");
  state.devices = [...state.devices, { kind: "videoinput", deviceId: "two", label: "Two" }];
  state.changed?.();
  await settled();
  const { camera, microphone } = devices.view.get();
  assert.deepEqual(camera.plugged, { label: "Two", first: true });
  assert.deepEqual([camera.problem, camera.on, microphone.plugged], [undefined, false, undefined]);
});

test("what was there all along, without a name or even an id, was not plugged in", async () => {
  const { state } = browser({ video: "NotAllowedError", audio: "NotAllowedError" });
  state.devices = [{ kind: "videoinput", deviceId: "", label: "" }];
  const devices = new Devices();
  await devices.start();
  state.devices = [{ kind: "videoinput", deviceId: "one", label: "One" }];
  state.changed?.();
  await settled();
  const { camera } = devices.view.get();
  assert.deepEqual([camera.plugged, camera.problem], [undefined, "denied"]);
});

test("a microphone is muted without being remembered as muted", async () => {
  const { tracks } = browser();
  const devices = new Devices();
  await devices.start();
  devices.mute();
  assert.deepEqual([tracks[0]?.enabled, devices.view.get().microphone.on], [false, false]);
  await devices.toggle("microphone");
  assert.deepEqual([tracks[0]?.enabled, devices.view.get().microphone.on], [true, true]);
});

test("the end gives everything back", async () => {
  const { tracks } = browser();
  const devices = new Devices();
  await devices.start();
  devices.stop();
  assert.deepEqual(
    tracks.map(track => track.stopped),
    [true, true],
  );
});

test("the errors of getUserMedia are told apart", () => {
  const named = (name: string) => problemOf(Object.assign(new Error(), { name }));
  assert.equal(named("NotAllowedError"), "denied");
  assert.equal(named("NotFoundError"), "missing");
  assert.equal(named("NotReadableError"), "busy");
  assert.equal(named("SecurityError"), "insecure");
  assert.equal(named("SomethingNew"), "failed");
  assert.equal(problemOf(undefined), "failed");
});
