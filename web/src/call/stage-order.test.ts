import assert from "node:assert/strict";
import { test } from "node:test";
import { reorder } from "./stage-order.js";

const none = new Set<string>();
const own = "me";
const people = ["me", "a", "b", "c", "d"];

test("whoever is there keeps the place, newcomers come last, who left makes room", () => {
  assert.deepEqual(reorder([], people, 9, none, new Map(), 0, { own }), people);
  assert.deepEqual(reorder(people, ["d", "x", "me", "b"], 9, none, new Map(), 0, { own }), [
    "me",
    "b",
    "d",
    "x",
  ]);
});

test("speaking moves nobody who is visible", () => {
  assert.deepEqual(
    reorder(people, people, 5, new Set(["d"]), new Map([["d", 9]]), 9, { own }),
    people,
  );
});

test("a hidden speaker takes the place of who was silent longest, never the first, nor a pinned one", () => {
  const heard = new Map([
    ["a", 1_000],
    ["b", 500],
  ]);
  const order = reorder(people, people, 3, new Set(["d"]), heard, 20_000, { own });
  assert.deepEqual(order, ["me", "a", "d", "c", "b"]);
  assert.deepEqual(
    reorder(people, people, 3, new Set(["d"]), heard, 20_000, { own, pinned: "b" }),
    ["me", "d", "b", "c", "a"],
  );
});

test("who has just spoken keeps the place", () => {
  const heard = new Map([
    ["a", 19_000],
    ["b", 19_500],
  ]);
  assert.deepEqual(reorder(people, people, 3, new Set(["d"]), heard, 20_000, { own }), people);
});

test("the own one is the first, also when it is back from hiding or has come with another client", () => {
  const hidden = people.filter(id => id !== own);
  assert.deepEqual(reorder(hidden, people, 9, none, new Map(), 0, { own }), people);
  const anew = [...hidden, "me again"];
  const order = reorder(people, anew, 9, none, new Map(), 0, { own: "me again" });
  assert.deepEqual(order, ["me again", ...hidden]);
});

test("while the own one is hidden a speaker may take the first place as well", () => {
  const order = reorder(["a", "b"], ["a", "b"], 1, new Set(["b"]), new Map(), 20_000, {});
  assert.deepEqual(order, ["b", "a"]);
});
