import assert from "node:assert/strict";
import { test } from "node:test";
import type { View } from "../generated/View.js";
import { type Place, viewsOf } from "./views.js";
import { Watching } from "./watching.js";

const camera = (client: string, height: number, large = false): Place => ({
  client,
  source: "camera",
  height,
  large,
});
const screen = (client: string, height: number): Place => ({
  ...camera(client, height),
  source: "screen",
});

test("heights are told in steps, rounded up; what has no height is not seen", () => {
  const heights = (...all: number[]) =>
    viewsOf(
      all.map((height, index) => camera(String(index), height)),
      "full",
    ).map(({ height }) => height);
  assert.deepEqual(heights(1, 90, 90.5, 200, 4_000, 0), [90, 90, 180, 270, 2_160]);
});

test("a picture in two places is told once, as large as the larger", () => {
  const places = [camera("a", 90, true), camera("a", 400), screen("a", 700)];
  assert.deepEqual(viewsOf(places, "full"), [
    { client: "a", source: "camera", height: 450, pinned: true },
    { client: "a", source: "screen", height: 720 },
  ]);
});

test("who saves data sees one person, small, and screens as they are", () => {
  const places = [camera("a", 700, true), camera("b", 100), screen("c", 700)];
  assert.deepEqual(viewsOf(places, "saver"), [
    { client: "a", source: "camera", height: 180, pinned: true },
    { client: "c", source: "screen", height: 720 },
  ]);
  assert.deepEqual(
    viewsOf(places, "audio").map(({ client }) => client),
    ["c"],
  );
});

const views = (height: number): View[] => [{ client: "a", source: "camera", height }];
const wait = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms));

test("what is in sight is told at once, then the last of what comes within the pause, and nothing twice", async () => {
  const told: number[] = [];
  const watching = new Watching(([view]) => void told.push(view?.height ?? 0), 30);
  assert.equal(watching.heightOf("b", "camera"), undefined);
  watching.watch(views(90));
  for (const height of [180, 270, 360]) watching.watch(views(height));
  assert.deepEqual(told, [90]);
  assert.deepEqual(
    ["a", "b"].map(client => watching.heightOf(client, "camera")),
    [360, 0],
  );
  await wait(100);
  assert.deepEqual(told, [90, 360]);
  watching.watch(views(360));
  await wait(100);
  assert.deepEqual(told, [90, 360]);
  watching.again();
  assert.deepEqual(told, [90, 360, 360], "another worker is told");
  watching.watch(views(90));
  watching.end();
  await wait(100);
  assert.deepEqual(told, [90, 360, 360]);
});
