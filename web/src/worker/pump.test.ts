import assert from "node:assert/strict";
import { test } from "node:test";
import type { Source } from "../generated/Source.js";
import { FakeCore, MARK } from "../test/fake-core.js";
import { FrameCrypto, codecOf } from "./frame-crypto.js";
import { Layers } from "./layers.js";
import { noFrames } from "./messages.js";
import { type EncodedFrame, ReceiverPump, SenderPump } from "./pump.js";

function frame(bytes: number[], mimeType?: string, synchronizationSource = 1): EncodedFrame {
  return {
    data: new Uint8Array(bytes).buffer,
    getMetadata: () => ({ ...(mimeType !== undefined && { mimeType }), synchronizationSource }),
  };
}

/** What a pump that sends asks for the layers. */
const ALONE = () => 0;

function bytes(frame: EncodedFrame): number[] {
  return [...new Uint8Array(frame.data)];
}

function world() {
  const core = new FakeCore();
  const crypto = new FrameCrypto(core, core.memory, () => 1);
  const out: number[][] = [];
  const counts = noFrames();
  let asked = 0;
  const receiver = new ReceiverPump("client", "camera", counts, () => asked++);
  return {
    core,
    crypto,
    out,
    counts,
    receiver,
    asked: () => asked,
    enqueue: (sealed: EncodedFrame) => void out.push(bytes(sealed)),
  };
}

test("a sent frame leaves encrypted", () => {
  const { core, crypto, out, counts, enqueue } = world();
  const pump = new SenderPump("camera", "vp8", counts, ALONE);
  pump.frame(crypto, frame([1, 2, 3], "video/VP8"), enqueue);
  pump.frame(crypto, frame([4]), enqueue);
  assert.deepEqual(out, [
    [MARK, 1, 2, 3],
    [MARK, 4],
  ]);
  assert.equal(counts.sealed, 2);
  assert.deepEqual(core.sendersMade, [["camera", 0]]);
});

test("each layer of a picture is sealed under keys of its own, in the order of their coming", () => {
  const { core, crypto, counts, enqueue } = world();
  const layers = new Layers();
  const pump = (source: Source) =>
    new SenderPump(source, undefined, counts, ssrc => layers.layerOf(1, source, ssrc));
  const first = pump("camera");
  for (const ssrc of [70, 30, 70, 50, 30]) {
    first.frame(crypto, frame([1, 2, 3], "video/VP8", ssrc), enqueue);
  }
  assert.deepEqual(
    core.sendersMade,
    [0, 1, 2].map(layer => ["camera", layer]),
  );
  assert.deepEqual(core.sealedBy, [0, 1, 0, 2, 1]);
  core.sealedBy = [];
  const second = pump("camera");
  for (const ssrc of [50, 70]) second.frame(crypto, frame([1], "video/VP8", ssrc), enqueue);
  assert.deepEqual(core.sealedBy, [2, 0], "another transform in its place goes on with the same");
});

test("sound has no layers", () => {
  const { core, crypto, counts, enqueue } = world();
  const pump = new SenderPump("microphone", "opus", counts, () => 1);
  for (const ssrc of [1, 2]) pump.frame(crypto, frame([1], "audio/opus", ssrc), enqueue);
  assert.deepEqual(core.sendersMade, [["microphone", 0]]);
});

test("without a session or a key nothing leaves", () => {
  const { core, crypto, out, counts, enqueue } = world();
  const pump = new SenderPump("camera", "vp8", counts, ALONE);
  pump.frame(undefined, frame([1]), enqueue);
  core.keyed = false;
  pump.frame(crypto, frame([2]), enqueue);
  assert.deepEqual(out, []);
  assert.equal(counts.waitingForKey, 2);
});

test("a codec that is not ours is dropped both ways", () => {
  const { crypto, out, counts, enqueue, receiver } = world();
  new SenderPump("camera", "vp8", counts, ALONE).frame(crypto, frame([1], "video/H264"), enqueue);
  new SenderPump("microphone", "opus", counts, ALONE).frame(
    crypto,
    frame([1], "video/VP8"),
    enqueue,
  );
  receiver.frame(crypto, frame([MARK, 1], "video/AV1"), enqueue);
  assert.deepEqual(out, []);
  assert.equal(counts.unknownCodec, 3);
});

test("a core that throws lets nothing through and stops nothing", () => {
  const { core, crypto, out, counts, enqueue, receiver } = world();
  const sender = new SenderPump("camera", "vp8", counts, ALONE);
  core.throwing = true;
  sender.frame(crypto, frame([1]), enqueue);
  receiver.frame(crypto, frame([MARK, 1]), enqueue);
  assert.deepEqual(out, []);
  assert.equal(counts.failed, 2);
  core.throwing = false;
  sender.frame(crypto, frame([2]), enqueue);
  receiver.frame(crypto, frame([MARK, 3]), enqueue);
  assert.deepEqual(out, [[MARK, 2], [3]]);
});

test("a frame that is not authentic is dropped and a key frame asked for", () => {
  const { crypto, out, counts, enqueue, receiver, asked } = world();
  assert.equal(receiver.frame(crypto, frame([0, 1]), enqueue), true);
  assert.deepEqual(out, []);
  assert.equal(counts.refused, 1);
  assert.equal(asked(), 1);
});

test("held frames come out in the core's order once their key is there", () => {
  const { core, crypto, out, counts, enqueue, receiver } = world();
  core.hold = new Set([0, 1]);
  receiver.frame(crypto, frame([MARK, 10]), enqueue);
  receiver.frame(crypto, frame([MARK, 11]), enqueue);
  assert.deepEqual(out, []);
  receiver.release(crypto, enqueue);
  assert.deepEqual(out, []);
  core.free = [0, 1];
  receiver.release(crypto, enqueue);
  assert.deepEqual(out, [[10], [11]]);
  assert.equal(counts.held, 2);
  assert.equal(counts.opened, 2);
});

test("a core that lets go of the same frame for ever does not hang the worker", () => {
  const { core, crypto, out, enqueue, receiver } = world();
  core.hold = new Set([0]);
  receiver.frame(crypto, frame([MARK, 1]), enqueue);
  core.released = () => {
    core.hold.add(0);
    return 0;
  };
  receiver.release(crypto, enqueue);
  assert.deepEqual(out, []);
});

test("a closed receiver forgets what it held", () => {
  const { core, crypto, out, enqueue, receiver } = world();
  core.hold = new Set([0]);
  receiver.frame(crypto, frame([MARK, 1]), enqueue);
  receiver.close(crypto);
  core.free = [0];
  receiver.release(crypto, enqueue);
  assert.deepEqual(out, []);
  assert.equal(core.receiversClosed, 1);
});

test("codecs go by what the browser says, else by the kind of source", () => {
  assert.equal(codecOf("audio/opus", "audio", undefined), "opus");
  assert.equal(codecOf(undefined, "audio", "opus"), "opus");
  assert.equal(codecOf("", "video", "vp8"), "vp8");
  assert.equal(codecOf("", "video", undefined), undefined, "there is no guessing");
  assert.equal(codecOf("VIDEO/vp8", "video", undefined), "vp8");
  assert.equal(codecOf("video/VP9", "video", "vp8"), "vp9");
  assert.equal(codecOf("audio/opus", "video", "vp8"), undefined);
  assert.equal(codecOf("audio/red", "audio", "opus"), undefined);
});
