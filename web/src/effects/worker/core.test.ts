import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FRAME, Noise, Picture } from "./core.js";
import { drawPerson } from "./test-person.js";

const models = "node_modules/@mediapipe/selfie_segmentation/selfie_segmentation";
const module = new WebAssembly.Module(readFileSync("src/generated/wasm/tangelo_effects.wasm"));

/** A file's bytes in a buffer of their own. */
function read(path: string): ArrayBuffer {
  return new Uint8Array(readFileSync(path)).buffer;
}

function picture(name: string): Picture {
  return new Picture(module, read(`${models}${name}.tflite`));
}

/**
 * How many pixels of some rows show the person. The numbers are those of MediaPipe 0.10.14 for the same picture, where it
 * is surer than 0.55 (the middle of our soft edge).
 */
const ROWS = {
  _landscape: { size: [256, 144], counts: [0, 40, 53, 53, 38, 30, 101, 129] },
  "": { size: [256, 256], counts: [0, 37, 53, 52, 36, 29, 99, 127] },
};

for (const [name, { size, counts }] of Object.entries(ROWS)) {
  test(`the model of ${size.join(" x ")} finds a drawn person where MediaPipe does`, () => {
    const maker = picture(name);
    assert.deepEqual([maker.width, maker.height], size);
    const mask = maker.mask(drawPerson(maker.width, maker.height));
    counts.forEach((count, index) => {
      const y = Math.floor(((8 + 17 * index) * maker.height) / 144);
      const row = Array.from({ length: 256 }, (_, x) => mask[4 * (256 * y + x) + 3] ?? 0);
      const found = row.filter(value => value > 127).length;
      // The mask is the mean of neighbours: an edge may be a pixel away on both sides.
      assert(Math.abs(found - count) <= 4, `row ${y}: ${found}, not ${count}`);
    });
  });
}

test("the background is blurred without the person, and the next picture is looked at anew", () => {
  const maker = picture("_landscape");
  const person = drawPerson(256, 144);
  maker.mask(person);
  const blurred = maker.blurred();
  // Right beside the dark jacket: a plain blur would be half jacket there.
  const at = 4 * (256 * 120 + 61) + 1;
  const [before, after] = [person[at] ?? 0, blurred[at] ?? 0];
  assert(Math.abs(after - before) < 8, `${before} became ${after}`);
  const inside = 4 * (256 * 120 + 72) + 1;
  assert((person[inside] ?? 0) < before - 30, "the jacket is dark");
  const empty = maker.mask(new Uint8ClampedArray(4 * 256 * 144).fill(160));
  assert.equal(empty.filter((value, index) => index % 4 === 3 && value > 127).length, 0);
});

test("what is no model is refused", () => {
  assert.throws(() => new Picture(module, new ArrayBuffer(1000)), /model/);
  const cut = read(`${models}_landscape.tflite`).slice(0, 200_000);
  assert.throws(() => new Picture(module, cut), /model/);
});

test("noise is taken out of sound, and silence stays silence", () => {
  const noise = new Noise(module);
  const frame = new Float32Array(FRAME);
  const energies: number[] = [];
  let [level, state] = [0, 1];
  for (let count = 0; count < 300; count++) {
    for (let index = 0; index < FRAME; index++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      level = 0.97 * level + 0.03 * (state / 2 ** 31 - 1);
      frame[index] = 0.2 * level;
    }
    const before = energy(frame);
    noise.process(frame);
    energies.push(energy(frame) / before);
  }
  const left = energies.slice(200).reduce((sum, value) => sum + value) / 100;
  assert(left < 0.01, `${left} of the noise is left`);
  for (let count = 0; count < 4; count++) noise.process(frame.fill(0));
  // A filter dies away: this is 80 dB below the loudest.
  assert(energy(frame) < 480e-8, `silence has the energy ${energy(frame)}`);
});

function energy(samples: Float32Array): number {
  return samples.reduce((sum, sample) => sum + sample * sample, 0);
}
