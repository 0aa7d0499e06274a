import assert from "node:assert/strict";
import { test } from "node:test";
import { Devices } from "./devices.js";

/** A camera's track, or a copy of one. */
class FakeTrack {
  enabled = true;
  stopped = false;
  readyState: MediaStreamTrackState = "live";
  contentHint = "";
  onended: (() => void) | null = null;

  constructor(
    readonly name: string,
    readonly facingMode: string | undefined,
  ) {}

  stop(): void {
    this.stopped = true;
    this.readyState = "ended";
  }

  /** As if the camera was pulled out. */
  pullOut(): void {
    this.readyState = "ended";
    this.onended?.();
  }

  clone(): FakeTrack {
    const copy = new FakeTrack(`copy of ${this.name}`, this.facingMode);
    made.push(copy);
    return copy;
  }

  applyConstraints(): Promise<void> {
    if (pulledEarly) this.pullOut();
    return Promise.resolve();
  }

  getSettings(): object {
    return { facingMode: this.facingMode };
  }
}

/** Every track so far. */
const made: FakeTrack[] = [];
/** Whether a copy's camera is pulled out while the copy gets its size. */
let pulledEarly = false;

/** A device whose own camera looks `facing`; `away`: whether another one looks away, or the error of asking for it. */
function device(facing: string | undefined, away: true | string) {
  made.length = 0;
  pulledEarly = false;
  const mediaDevices = {
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    enumerateDevices: () => Promise.resolve([]),
    getUserMedia({ video }: { video: { facingMode?: object } }) {
      const wanted = video.facingMode !== undefined;
      if (wanted && away !== true)
        return Promise.reject(Object.assign(new Error(), { name: away }));
      const track = wanted ? new FakeTrack("away", "environment") : new FakeTrack("own", facing);
      made.push(track);
      return Promise.resolve({ getVideoTracks: () => [track] });
    },
  };
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices }, configurable: true });
  Object.assign(globalThis, {
    MediaStream: class {
      constructor(readonly tracks: FakeTrack[]) {}
    },
  });
  return new Devices();
}

const live = () => made.filter(({ stopped }) => !stopped).map(({ name }) => name);

test("a camera that is on is shared, and goes on when it is given back", async () => {
  const devices = device(undefined, true);
  await devices.toggle("camera");
  const loan = await devices.borrowCamera();
  assert.deepEqual(live(), ["own", "copy of own"]);
  loan.giveBack();
  loan.giveBack();
  assert.deepEqual(live(), ["own"]);
  assert.equal(devices.view.get().camera.on, true);
});

test("one that looks at the person is no use where another one looks away", async () => {
  const devices = device("user", true);
  await devices.toggle("camera");
  const loan = await devices.borrowCamera();
  assert.deepEqual(live(), ["own", "away"]);
  loan.giveBack();
  assert.deepEqual(live(), ["own"]);
});

test("where the other one cannot be had, the one that is on is shared after all", async () => {
  const devices = device("user", "NotReadableError");
  await devices.toggle("camera");
  await devices.borrowCamera();
  assert.deepEqual(live(), ["own", "copy of own"]);
});

test("a camera that is off is opened for the loan alone", async () => {
  const devices = device(undefined, "OverconstrainedError");
  const loan = await devices.borrowCamera();
  assert.deepEqual(live(), ["own"]);
  assert.equal(devices.view.get().camera.on, false);
  loan.giveBack();
  assert.deepEqual(live(), []);
});

test("who said no is not asked a second time", async () => {
  const devices = device(undefined, "NotAllowedError");
  await assert.rejects(devices.borrowCamera(), { name: "NotAllowedError" });
  assert.deepEqual(made, []);
});

test("the end of the call is the end of the loan, also of one that comes after it", async () => {
  const devices = device(undefined, true);
  await devices.borrowCamera();
  const late = devices.borrowCamera();
  devices.stop();
  await late;
  assert.deepEqual(live(), []);
  assert.equal(made.length, 2);
});

test("who borrowed a camera hears that it was pulled out", async () => {
  const devices = device(undefined, "OverconstrainedError");
  const loan = await devices.borrowCamera();
  made[0]?.pullOut();
  await loan.gone;

  await devices.toggle("camera");
  pulledEarly = true;
  await (
    await devices.borrowCamera()
  ).gone;
});

test("a camera that was given back is not gone", async () => {
  const devices = device(undefined, true);
  const loan = await devices.borrowCamera();
  let gone = false;
  void loan.gone.then(() => (gone = true));
  loan.giveBack();
  await new Promise(resolve => setTimeout(resolve));
  assert.equal(gone, false);
});
