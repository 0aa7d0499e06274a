import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace } from "./pace.js";

function take(pace: Pace, ms: number, pictures: number): void {
  for (let count = 0; count < pictures; count++) pace.took(ms);
}

test("a slow device does less, step by step, and in the end the least", () => {
  const pace = new Pace();
  assert.deepEqual(pace.effort, { every: 1, side: 1280 });
  take(pace, 80, 29);
  assert.deepEqual(pace.effort, { every: 1, side: 1280 }, "a slow beginning is no slow device");
  take(pace, 80, 1);
  assert.deepEqual(pace.effort, { every: 2, side: 1280 });
  take(pace, 80, 1000);
  assert.deepEqual(pace.effort, { every: 3, side: 640 });
});

test("when there is time again, more is done, and what proved too much is tried ever more rarely", () => {
  const pace = new Pace();
  take(pace, 80, 30);
  take(pace, 10, 119);
  assert.equal(pace.effort.every, 2);
  take(pace, 10, 1);
  assert.equal(pace.effort.every, 1);
  take(pace, 80, 30);
  take(pace, 10, 400);
  assert.equal(pace.effort.every, 2);
});

test("at a pace that is neither slow nor fast all stays as it is", () => {
  const pace = new Pace();
  take(pace, 40, 10_000);
  assert.deepEqual(pace.effort, { every: 1, side: 1280 });
});
