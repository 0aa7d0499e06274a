// What must hold for everything that leaves a browser, as the tap shows it.
import assert from "node:assert/strict";
import { readFrames, sframeHeader } from "./tap.mjs";
import { DEADLINE } from "./person.mjs";

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
 * `leaves`: one more than the highest leaf index that the group can have had. Returns what was seen.
 */
export function assertSealed(frames, leaves) {
  // By leaf and epoch a key is one sender's, and one receiver's copy of each frame is enough.
  const nonces = new Map();
  const firstBytes = { opus: new Set(), vp8: new Set(), vp9: new Set() };
  const counts = { opus: 0, vp8: 0, vp9: 0 };
  for (const { sender, receiver, source, codec, bytes } of frames) {
    const clear = clearBytes(codec, bytes);
    const header = sframeHeader(bytes.subarray(clear));
    assert.equal(header.keyId >> 16n, source === "camera" ? 2n : 0n, "the key is the source's");
    assert.ok((header.keyId >> 6n) % 1024n < BigInt(leaves), "the leaf is one of the group's");
    assert.ok(bytes.length >= clear + header.length + 16, "there is room for the tag");
    // A line may be made anew for the same frame, with another timestamp; its content is the same then.
    const nonce = `${sender} ${receiver} ${header.keyId} ${header.counter}`;
    const content = bytes.toString("base64");
    assert.equal(nonces.get(nonce) ?? content, content, `${nonce} was used for two frames`);
    nonces.set(nonce, content);
    counts[codec]++;
    firstBytes[codec].add(bytes[clear + header.length]);
  }
  for (const [codec, count] of Object.entries(counts)) {
    // At a constant bit rate the first byte of an encoder's packets hardly changes; sealed it is any of 256.
    const { size } = firstBytes[codec];
    assert.ok(
      count < 150 || size > 64,
      `${size} different first bytes in ${count} ${codec} frames`,
    );
  }
  return counts;
}

/** The tap's frames, as soon as `enough` of them are there. */
export async function tapped(file, what, enough) {
  const end = Date.now() + DEADLINE;
  for (;;) {
    const frames = await readFrames(file);
    if (enough(frames)) return frames;
    assert.ok(Date.now() < end, `${what}: ${frames.length} frames in the tap`);
    await new Promise(resolve => setTimeout(resolve, 500));
  }
}
