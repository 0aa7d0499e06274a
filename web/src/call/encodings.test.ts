import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeSender } from "../test/fake-peer.js";
import { Encodings } from "./encodings.js";
import type { Size } from "./layers.js";

/** Long enough for all that was asked. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setTimeout(resolve));
}

function world(rids: (string | undefined)[], size: Size, source: "camera" | "screen" = "camera") {
  const sender = new FakeSender(
    rids.map(rid => ({ active: true, ...(rid !== undefined && { rid }) })),
  );
  const track = { size, getSettings: () => track.size };
  sender.track = track;
  const encodings = new Encodings(sender as never, source);
  const sent = () =>
    sender.encodings.map(({ active, scaleResolutionDownBy }) =>
      active ? scaleResolutionDownBy : "off",
    );
  return { sender, track, encodings, sent };
}

const LAYERS = ["l", "m", "h"];
const HD = { width: 1280, height: 720 };

test("layers that nobody wants are paused, and begin again with a key frame", async () => {
  const { sender, encodings, sent } = world(LAYERS, HD);
  encodings.want([1]);
  await settled();
  assert.deepEqual(sent(), ["off", 2, "off"]);
  assert.deepEqual([encodings.isPaused("l"), encodings.isPaused("m")], [true, false]);
  encodings.want([]);
  await settled();
  assert.deepEqual(sent(), ["off", "off", "off"]);
  encodings.want([0, 1]);
  await settled();
  assert.deepEqual(sent(), [4, 2, "off"]);
  assert.deepEqual(sender.told.at(-1)?.keyFrames, [true, true, false]);
});

test("changes that come together go out one after the other, and the last one holds", async () => {
  const { sender, encodings, sent } = world(LAYERS, HD);
  encodings.want([0]);
  encodings.generateKeyFrames();
  encodings.want([2]);
  encodings.want([0, 2]);
  await settled();
  assert.deepEqual(sent(), [4, "off", 1]);
  assert.deepEqual(sender.told.at(-1)?.keyFrames, [true, false, true], "no wish is lost");
  const count = sender.told.length;
  encodings.settle();
  await settled();
  assert.equal(sender.told.length, count, "nothing is said that holds already");
});

test("a picture that changes its size, or has fewer layers than were offered, is sent whole", async () => {
  const { sender, track, encodings, sent } = world(LAYERS, HD);
  encodings.settle();
  await settled();
  track.size = { width: 320, height: 180 };
  encodings.settle();
  await settled();
  assert.deepEqual(sent(), [1, "off", "off"]);
  sender.encodings = sender.encodings.slice(0, 1);
  track.size = HD;
  encodings.settle();
  await settled();
  assert.deepEqual(sent(), [1]);
});

test("a screen is only paused and resumed", async () => {
  const { sender, encodings } = world([undefined], { width: 1920, height: 1080 }, "screen");
  encodings.settle();
  await settled();
  assert.deepEqual(sender.told, []);
  encodings.want([]);
  await settled();
  encodings.want([0]);
  await settled();
  assert.deepEqual(
    sender.told.map(({ encodings }) => encodings),
    [[{ active: false }], [{ active: true }]],
  );
});
