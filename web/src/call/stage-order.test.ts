import assert from "node:assert/strict";
import { test } from "node:test";
import { reorder } from "./stage-order.js";

const none = new Set<string>();
const people = ["me", "a", "b", "c", "d"];

test("whoever is there keeps the place, newcomers come last, who left makes room", () => {
  assert.deepEqual(reorder([], people, 9, none, new Map(), 0), people);
  assert.deepEqual(reorder(people, ["d", "x", "me", "b"], 9, none, new Map(), 0), [
    "me",
    "b",
    "d",
    "x",
  ]);
});

test("speaking moves nobody who is visible", () => {
  assert.deepEqual(reorder(people, people, 5, new Set(["d"]), new Map([["d", 9]]), 9), people);
});

test("a hidden speaker takes the place of who was silent longest, never the first, nor a pinned one", () => {
  const heard = new Map([
    ["a", 1_000],
    ["b", 500],
  ]);
  const order = reorder(people, people, 3, new Set(["d"]), heard, 20_000);
  assert.deepEqual(order, ["me", "a", "d", "c", "b"]);
  assert.deepEqual(reorder(people, people, 3, new Set(["d"]), heard, 20_000, "b"), [
    "me",
    "d",
    "b",
    "c",
    "a",
  ]);
});

test("who has just spoken keeps the place", () => {
  const heard = new Map([
    ["a", 19_000],
    ["b", 19_500],
  ]);
  assert.deepEqual(reorder(people, people, 3, new Set(["d"]), heard, 20_000), people);
});
