import assert from "node:assert/strict";
import { test } from "node:test";
import { Speaking } from "./speaking.js";

const heard = (ada: number, grace: number) =>
  new Map([
    ["ada", ada],
    ["grace", grace],
  ]);

test("who makes sound speaks, also in a pause, and then no more", () => {
  const speaking = new Speaking();
  speaking.update(heard(1, 5), 0);
  assert.deepEqual([...speaking.now(0)], [], "the first figures say nothing");
  speaking.update(heard(1.01, 5), 500);
  assert.deepEqual([...speaking.now(500)], ["ada"]);
  speaking.update(heard(1.01, 5), 1_000);
  assert.deepEqual([...speaking.now(1_000)], ["ada"], "a pause");
  speaking.update(heard(1.01, 5), 2_000);
  assert.deepEqual([...speaking.now(2_000)], []);
  assert.deepEqual([...speaking.lastHeard()], [["ada", 500]]);
});

test("noise of a quiet room is no speech, a line that begins anew is none either", () => {
  const speaking = new Speaking();
  speaking.update(heard(1, 5), 0);
  speaking.update(heard(1.00001, 0), 500);
  assert.deepEqual([...speaking.now(500)], []);
});
