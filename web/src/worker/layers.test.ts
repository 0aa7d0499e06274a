import assert from "node:assert/strict";
import { test } from "node:test";
import { Layers } from "./layers.js";

test("SSRCs get the layers in the order of their coming, and keep them; beyond the third they share the last", () => {
  const layers = new Layers();
  const of = (...ssrcs: number[]) => ssrcs.map(ssrc => layers.layerOf(1, "camera", ssrc));
  assert.deepEqual(of(9, 5, 9, 7, 5), [0, 1, 0, 2, 1]);
  assert.deepEqual(of(1, 2, 7, 9), [2, 2, 2, 0]);
});

test("every source and every connection has layers of its own", () => {
  const layers = new Layers();
  assert.equal(layers.layerOf(1, "camera", 9), 0);
  assert.equal(layers.layerOf(1, "screen", 5), 0);
  assert.equal(layers.layerOf(1, "camera", 5), 1);
  assert.equal(layers.layerOf(2, "camera", 5), 0);
  layers.forget(1);
  assert.equal(layers.layerOf(1, "camera", 5), 0);
});

test("where the browser names no SSRC there is one layer", () => {
  const layers = new Layers();
  assert.equal(layers.layerOf(1, "camera", undefined), 0);
  assert.equal(layers.layerOf(1, "camera", 9), 0);
});
