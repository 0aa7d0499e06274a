import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameClock, HeadWatch } from "./frame-watch.js";

test("times are kept by kind of media and work, the last ones only", () => {
  const clock = new FrameClock();
  for (let ms = 1; ms <= 100; ms++) clock.add("audio", "seal", ms / 1000);
  const { audio, video } = clock.inspect();
  assert.deepEqual(
    [audio.seal.frames, audio.seal.p50Us, audio.seal.p95Us, audio.seal.maxUs].map(Math.round),
    [100, 50, 95, 100],
  );
  assert.equal(Math.round(audio.seal.meanUs * 10), 505);
  assert.deepEqual(video.open, { frames: 0, p50Us: 0, p95Us: 0, maxUs: 0, meanUs: 0 });
  for (let frame = 0; frame < 5_000; frame++) clock.add("audio", "seal", 1);
  const later = clock.inspect().audio.seal;
  assert(later.frames < 1_000);
  assert.equal(later.p50Us, 1_000);
});

test("the head of a frame is its clear prefix and its header, and no byte more", () => {
  const head = new HeadWatch();
  assert.equal(head.inspect(), null);
  const payload = [0xaa, 0xbb, 0xcc, 0xdd];
  head.note("vp8", new Uint8Array([0x31, 2, 3, 0x99, 1, 2, 3, 4, ...payload]).buffer);
  assert.deepEqual(head.inspect(), {
    codec: "vp8",
    frameBytes: 12,
    clear: [0x31, 2, 3],
    header: [0x99, 1, 2, 3, 4],
  });
  head.note("opus", new Uint8Array([0x12, ...payload]).buffer);
  assert.deepEqual(head.inspect()?.header, [0x12]);
  assert.deepEqual(head.inspect()?.clear, []);
});

test("a frame that is too short for its header has no head", () => {
  const head = new HeadWatch();
  head.note("vp9", new Uint8Array([0x99, 1, 2, 3, 4]).buffer);
  head.note("vp9", new Uint8Array([0x99, 1]).buffer);
  assert.equal(head.inspect(), null);
});
