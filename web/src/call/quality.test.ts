import assert from "node:assert/strict";
import { test } from "node:test";
import type { LineStats } from "./media-stats.js";
import { qualityOf } from "./quality.js";

const line = (change: Partial<LineStats>): LineStats => ({
  mid: "0",
  direction: "in",
  use: undefined,
  rid: undefined,
  paused: false,
  codec: "audio/opus",
  packets: 0,
  packetsLost: 0,
  bytes: 100 * (change.packets ?? 0),
  frames: 0,
  keyFrames: 0,
  codingSeconds: 0,
  width: 0,
  height: 0,
  audioEnergy: 0,
  roundTripSeconds: undefined,
  ...change,
});

test("nothing is known of lines that were not there before, or began anew", () => {
  assert.equal(qualityOf([], [line({ packets: 50 })]).level, "unknown");
  assert.equal(qualityOf([line({ packets: 90 })], [line({ packets: 50 })]).level, "unknown");
});

test("lost packets make it fair, then poor", () => {
  const before = [line({ packets: 100 })];
  assert.equal(qualityOf(before, [line({ packets: 200 })]).level, "good");
  const some = qualityOf(before, [line({ packets: 195, packetsLost: 5 })]);
  assert.deepEqual(some, { level: "fair", reason: "loss" });
  const many = qualityOf(before, [line({ packets: 180, packetsLost: 20 })]);
  assert.deepEqual(many, { level: "poor", reason: "loss" });
  assert.equal(
    qualityOf(before, [line({ packets: 104, packetsLost: 1 })]).level,
    "good",
    "too few to tell",
  );
});

test("silence on the line and a standing picture are poor", () => {
  const before = [
    line({ packets: 100 }),
    line({ mid: "1", codec: "video/VP8", packets: 10, frames: 5 }),
  ];
  assert.deepEqual(qualityOf(before, before), { level: "poor", reason: "nothing" });
  const padding = [line({ packets: 130, bytes: 10_000 }), before[1]!];
  assert.deepEqual(qualityOf(before, padding), { level: "poor", reason: "nothing" });
  const still = [
    line({ packets: 200 }),
    line({ mid: "1", codec: "video/VP8", packets: 60, frames: 5 }),
  ];
  assert.deepEqual(qualityOf(before, still), { level: "poor", reason: "frozen" });
});

test("a long way is fair", () => {
  const now = [line({ packets: 100, roundTripSeconds: 0.5 })];
  assert.deepEqual(qualityOf([line({})], now), { level: "fair", reason: "delay" });
});
