import assert from "node:assert/strict";
import { test } from "node:test";
import { type DeviceKind, Devices } from "./devices.js";
import type { Processed, TrackEffects } from "./processed.js";

class FakeTrack {
  enabled = true;
  stopped = false;
  contentHint = "";
  onended: (() => void) | null = null;

  constructor(readonly name: string) {}

  stop(): void {
    this.stopped = true;
  }

  getSettings(): object {
    return {};
  }
}

/** An effect that was asked for, to be settled by the test. */
interface Work {
  readonly kind: DeviceKind;
  readonly track: FakeTrack;
  work(): Promise<void>;
  fail(): Promise<void>;
  breakDown(): Promise<void>;
}

/** Lets promises that are settled be heard of. */
const settle = () => new Promise<void>(resolve => setTimeout(resolve));

/** A browser with a microphone and a camera, and effects on those kinds that `wanted` names. */
async function world(...wanted: DeviceKind[]) {
  const raw: FakeTrack[] = [];
  const works: Work[] = [];
  const made = (name: string) => {
    const track = new FakeTrack(name);
    raw.push(track);
    return track;
  };
  const mediaDevices = {
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    enumerateDevices: () => Promise.resolve([]),
    getUserMedia({ audio, video }: MediaStreamConstraints) {
      const [sound, sight] = [audio ? [made("microphone")] : [], video ? [made("camera")] : []];
      return Promise.resolve({ getAudioTracks: () => sound, getVideoTracks: () => sight });
    },
  };
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices }, configurable: true });
  const effects: TrackEffects = {
    changed: undefined,
    process(kind) {
      if (!wanted.includes(kind)) return undefined;
      const track = new FakeTrack(`${kind} with effect ${works.length}`);
      let breakDown: (error: Error) => void = () => undefined;
      const broken = new Promise<Error>(resolve => (breakDown = resolve));
      return new Promise<Processed>((resolve, reject) => {
        works.push({
          kind,
          track,
          work: () => {
            const stop = () => track.stop();
            resolve({ track: track as unknown as MediaStreamTrack, stop, broken });
            return settle();
          },
          fail: () => {
            reject(new Error("no effect"));
            return settle();
          },
          breakDown: () => {
            breakDown(new Error("broken"));
            return settle();
          },
        });
      });
    },
  };
  const devices = new Devices(effects);
  await devices.start();
  const name = (kind: DeviceKind) =>
    (devices.view.get()[kind].track as unknown as FakeTrack | undefined)?.name;
  return { devices, effects, raw, works, wanted, name };
}

test("a microphone is heard as it is until the effect works, and then with it", async () => {
  const { devices, raw, works, name } = await world("microphone");
  assert.equal(name("microphone"), "microphone");
  await works[0]?.work();
  assert.equal(name("microphone"), "microphone with effect 0");
  assert.equal(raw[0]?.stopped, false, "the effect needs the device");
  devices.stop();
  assert.deepEqual([raw[0]?.stopped, works[0]?.track.stopped], [true, true]);
});

test("a camera whose background is to be covered is not seen before it is", async () => {
  const { devices, works, name } = await world("camera");
  assert.equal(name("camera"), undefined);
  assert.deepEqual([devices.view.get().camera.on, devices.view.get().camera.pending], [true, true]);
  await works[0]?.work();
  assert.equal(name("camera"), "camera with effect 0");
  assert.equal(devices.view.get().camera.pending, false);
});

test("turning an effect on hides the camera at once, and another one takes over without a gap", async () => {
  const { effects, works, wanted, name } = await world();
  assert.equal(name("camera"), "camera");
  wanted.push("camera");
  effects.changed?.("camera");
  assert.equal(name("camera"), undefined);
  await works[0]?.work();
  effects.changed?.("camera");
  assert.equal(name("camera"), "camera with effect 0");
  await works[1]?.work();
  assert.equal(name("camera"), "camera with effect 1");
  assert.equal(works[0]?.track.stopped, true);
  wanted.pop();
  effects.changed?.("camera");
  assert.equal(name("camera"), "camera");
  assert.equal(works[1]?.track.stopped, true);
});

test("an effect that fails leaves the microphone as it was, and turns the camera off", async () => {
  const { devices, raw, works, name } = await world("microphone", "camera");
  await Promise.all(works.map(work => work.fail()));
  const { microphone, camera } = devices.view.get();
  assert.equal(name("microphone"), "microphone");
  assert.deepEqual([microphone.on, microphone.problem], [true, "effect"]);
  assert.deepEqual([camera.on, camera.problem, camera.track], [false, "effect", undefined]);
  assert.equal(raw.find(track => track.name === "camera")?.stopped, true);
});

test("the same when one breaks down later", async () => {
  const { devices, works, name } = await world("microphone", "camera");
  await Promise.all(works.map(work => work.work()));
  await Promise.all(works.map(work => work.breakDown()));
  assert.equal(name("microphone"), "microphone");
  assert.deepEqual(
    [devices.view.get().camera.on, devices.view.get().camera.problem],
    [false, "effect"],
  );
});

test("a muted microphone stays muted through all changes of effects", async () => {
  const { devices, effects, raw, works, wanted } = await world("microphone");
  await devices.toggle("microphone");
  await works[0]?.work();
  assert.deepEqual([raw[0]?.enabled, works[0]?.track.enabled], [false, false]);
  await devices.toggle("microphone");
  assert.deepEqual([raw[0]?.enabled, works[0]?.track.enabled], [true, true]);
  await devices.toggle("microphone");
  wanted.pop();
  effects.changed?.("microphone");
  assert.deepEqual([raw[0]?.enabled, works[0]?.track.stopped], [false, true]);
});

test("an effect that comes when the camera is off, or another is wanted, is stopped", async () => {
  const { devices, effects, works, name } = await world("camera");
  effects.changed?.("camera");
  await works[1]?.work();
  await works[0]?.work();
  assert.equal(name("camera"), "camera with effect 1");
  assert.equal(works[0]?.track.stopped, true);
  effects.changed?.("camera");
  await devices.toggle("camera");
  await works[2]?.work();
  assert.deepEqual([name("camera"), works[2]?.track.stopped], [undefined, true]);
});

test("a camera that is pulled out takes its effect along", async () => {
  const { devices, raw, works } = await world("camera");
  await works[0]?.work();
  raw.find(track => track.name === "camera")?.onended?.();
  await settle();
  assert.deepEqual(
    [devices.view.get().camera.problem, works[0]?.track.stopped],
    ["unplugged", true],
  );
});
