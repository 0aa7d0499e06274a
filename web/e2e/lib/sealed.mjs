// What must hold for everything that leaves a browser, as the tap shows it.
import assert from "node:assert/strict";
import { readFrames, sframeHeader } from "./tap.mjs";
import { DEADLINE } from "../../stories/lib/until.mjs";

const TAG_BYTES = 16;
/** Of a camera one for each layer. */
const CONTEXTS = { microphone: [0n], camera: [2n, 3n, 4n] };
/** To which packets of sound are padded, see crates/e2ee/src/media/opus.rs. */
const SOUND_SIZES = [80, 120, 160, 240, 320, 480, 640, 960, 1280];

/** Bytes that stay in clear, by codec. */
function clearBytes(codec, bytes) {
  if (codec !== "vp8") return 0;
  const isKeyFrame = (bytes[0] & 1) === 0;
  if (isKeyFrame)
    assert.equal(bytes.toString("hex", 3, 6), "9d012a", "VP8's start code is in clear");
  return isKeyFrame ? 10 : 3;
}

/**
 * Every frame is SFrame behind its codec's clear prefix, with its source's key, and no counter of a key comes twice.
 * `leaves`: one more than the highest leaf index that the group can have had. Returns how many whole frames were seen
 * of each codec, and how many that are `cut`: of these the beginning is looked at, if it is there.
 */
export function assertSealed(frames, leaves) {
  const nonces = new Map();
  const firstBytes = { opus: new Set(), vp8: new Set(), vp9: new Set() };
  const counts = { opus: 0, vp8: 0, vp9: 0, cut: 0 };
  const sounds = new Map();
  for (const { sender, receiver, source, codec, whole, bytes } of frames) {
    counts[whole ? codec : "cut"]++;
    if (bytes.length === 0) continue;
    const clear = clearBytes(codec, bytes);
    const header = sframeHeader(bytes.subarray(clear));
    const contexts = CONTEXTS[source];
    assert.ok(contexts.includes(header.keyId >> 16n), "the key is the source's");
    assert.ok((header.keyId >> 6n) % 1024n < BigInt(leaves), "the leaf is one of the group's");
    const least = clear + header.length + (whole ? TAG_BYTES : 0);
    assert.ok(bytes.length >= least, "there is room for the tag");
    // Each receiver gets a copy of its own, and perhaps another on another line: of the same bytes.
    const nonce = `${sender} ${receiver} ${header.keyId} ${header.counter}`;
    const other = nonces.get(nonce);
    if (other !== undefined)
      assertSame({ whole, bytes }, other, `${nonce} was used for two frames`);
    if (!other?.whole) nonces.set(nonce, { whole, bytes });
    if (whole && codec === "opus") {
      // Without the header, whose length follows the counter's.
      const size = bytes.length - header.length - TAG_BYTES;
      const key = `${sender} ${header.keyId}`;
      if (!sounds.has(key)) sounds.set(key, []);
      sounds.get(key).push({ counter: header.counter, size });
    }
    firstBytes[codec].add(bytes[clear + header.length]);
  }
  assert.ok(counts.cut < frames.length / 2, `too few frames are whole: ${JSON.stringify(counts)}`);
  for (const [codec, { size }] of Object.entries(firstBytes)) {
    // At a constant bit rate the first byte of an encoder's packets hardly changes; sealed it is any of 256.
    const count = counts[codec];
    assert.ok(
      count < 150 || size > 64,
      `${size} different first bytes in ${count} ${codec} frames`,
    );
  }
  for (const packets of sounds.values()) assertConstantSize(packets);
  return counts;
}

/** Two frames are one, as far as both are there. */
function assertSame(one, other, message) {
  if (one.whole && other.whole) assert.equal(one.bytes.length, other.bytes.length, message);
  const length = Math.min(one.bytes.length, other.bytes.length);
  assert.ok(one.bytes.subarray(0, length).equals(other.bytes.subarray(0, length)), message);
}

/** What is said does not show in the sizes of packets: the size only ever grows, to one of a few. */
function assertConstantSize(packets) {
  const sizes = packets
    .toSorted((one, other) => Number(one.counter - other.counter))
    .map(({ size }) => size);
  const steps = sizes.filter((size, index) => index === 0 || size !== sizes[index - 1]);
  assert.deepEqual(
    steps,
    steps.toSorted((one, other) => one - other),
    "the size grows",
  );
  assert.equal(new Set(steps).size, steps.length);
  for (const size of steps) assert.ok(SOUND_SIZES.includes(size), `a packet of ${size} bytes`);
}

/** The tap's frames, as soon as `enough` of the whole ones are there. */
export async function tapped(file, what, enough) {
  const end = Date.now() + DEADLINE;
  for (;;) {
    const frames = await readFrames(file);
    if (enough(frames.filter(({ whole }) => whole))) return frames;
    assert.ok(Date.now() < end, `${what}: ${frames.length} frames in the tap`);
    await new Promise(resolve => setTimeout(resolve, 500));
  }
}
