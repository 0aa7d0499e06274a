import assert from "node:assert/strict";
import { test } from "node:test";
import { clearBytes, epochOf, readKeyId, readSframeHeader } from "./sframe-header.js";

const read = (...bytes: number[]) => readSframeHeader(new Uint8Array(bytes));

test("small numbers stand in the first byte, others after it", () => {
  assert.deepEqual(read(0x37, 0xff), {
    length: 1,
    keyIdBytes: 0,
    counterBytes: 0,
    keyId: 3,
    counter: 7,
  });
  // RFC 9605 section 4.3: X, K and Y, C give the lengths less one.
  assert.deepEqual(read(0x99, 0x01, 0x23, 0x45, 0x67), {
    length: 5,
    keyIdBytes: 2,
    counterBytes: 2,
    keyId: 0x123,
    counter: 0x4567,
  });
  assert.equal(read(0xf8, 0, 0, 0, 0, 0, 0, 0, 9, 8)?.keyId, 9);
});

test("what is cut off or beyond exact numbers is not read", () => {
  assert.equal(read(), undefined);
  assert.equal(read(0x99, 1, 2, 3), undefined);
  assert.equal(read(0xf0, 1, 0, 0, 0, 0, 0, 0, 0), undefined);
});

test("a key id is context, leaf and epoch", () => {
  const keyId = (2 << 16) | (1023 << 6) | 63;
  assert.deepEqual(readKeyId(keyId), {
    context: 2,
    source: "camera",
    layer: 0,
    leaf: 1023,
    epochMod64: 63,
  });
  assert.equal(readKeyId(0).source, "microphone");
  assert.deepEqual([readKeyId(7 << 16).source, readKeyId(7 << 16).layer], ["screen", 2]);
  assert.equal(readKeyId(8 << 16).source, undefined);
});

test("an epoch is found by its last six bits", () => {
  assert.equal(epochOf(5, 5), 5);
  assert.equal(epochOf(1, 64), 65);
  assert.equal(epochOf(63, 64), 63);
  assert.equal(epochOf(33, 64), 33);
  assert.equal(epochOf(31, 64), 95);
  assert.equal(epochOf(40, 2), undefined);
});

test("what stays in clear depends on codec and frame", () => {
  assert.equal(clearBytes("vp8", 0x10), 10);
  assert.equal(clearBytes("vp8", 0x31), 3);
  assert.equal(clearBytes("vp9", 0x10), 0);
  assert.equal(clearBytes("opus", 0x78), 0);
});
