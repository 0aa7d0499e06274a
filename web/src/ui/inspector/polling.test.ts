import assert from "node:assert/strict";
import { test } from "node:test";
import type { LineSample } from "../../call/inspection.js";
import { type MediaHistory, longer } from "./polling.js";

const sample = (id: string, at: number): LineSample => ({
  id,
  at,
  direction: "in",
  use: undefined,
  codec: undefined,
  bytes: at,
  packets: at,
  lost: undefined,
  jitterMs: undefined,
  roundTripMs: undefined,
  frames: undefined,
  width: undefined,
  height: undefined,
  keyFrames: undefined,
  pli: undefined,
  nack: undefined,
  limitedBy: undefined,
});

test("half a minute of rates is kept for the lines that there are", () => {
  let history: MediaHistory = new Map();
  for (let at = 1_000; at <= 100_000; at += 500) {
    history = longer(history, [sample("a", at - 500), sample("b", at - 500)], [sample("a", at)]);
  }
  assert.deepEqual([...history.keys()], ["a"]);
  assert.equal(history.get("a")?.length, 60);
  assert.equal(history.get("a")?.at(-1)?.bitsPerSecond, 8_000);
  assert.equal(longer(history, [], [sample("c", 1)]).get("c")?.length, 0);
});
