import assert from "node:assert/strict";
import { test } from "node:test";
import { layersOf } from "./layers.js";

const HD = { width: 1280, height: 720 };
const VGA = { width: 640, height: 480 };
const SMALL = { width: 320, height: 180 };

const shape = (...args: Parameters<typeof layersOf>) =>
  layersOf(...args).map(({ active, scaleResolutionDownBy: down }) => (active ? down : 0));

test("the smaller a camera's picture, the fewer its layers, and the last one is always the whole of it", () => {
  assert.deepEqual(shape(3, HD, undefined), [4, 2, 1]);
  assert.deepEqual(shape(3, { width: 720, height: 1280 }, undefined), [4, 2, 1]);
  assert.deepEqual(shape(3, VGA, undefined), [2, 1, 0]);
  assert.deepEqual(shape(3, SMALL, undefined), [1, 0, 0]);
});

test("where the server takes no layers there is one, of the whole picture", () => {
  assert.deepEqual(shape(1, HD, undefined), [1]);
  assert.deepEqual(layersOf(1, HD, undefined), [
    { active: true, scaleResolutionDownBy: 1, maxBitrate: 1_500_000, maxFramerate: 30 },
  ]);
  assert.deepEqual(shape(2, HD, undefined), [2, 1]);
});

test("layers that nobody is to get are paused; wanted ones that are not there stand for the largest", () => {
  assert.deepEqual(shape(3, HD, [0, 2]), [4, 0, 1]);
  assert.deepEqual(shape(3, HD, []), [0, 0, 0]);
  assert.deepEqual(shape(3, VGA, [2]), [0, 1, 0]);
  assert.deepEqual(shape(3, SMALL, [0, 1]), [1, 0, 0]);
  assert.deepEqual(shape(1, HD, [0]), [1]);
});

test("all layers together take little more than the largest", () => {
  const total = layersOf(3, HD, undefined).reduce((sum, { maxBitrate }) => sum + maxBitrate, 0);
  assert.equal(total, 2_150_000);
});
