import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeCore, MARK } from "../test/fake-core.js";
import { FrameCrypto } from "./frame-crypto.js";
import type { TransformOptions } from "./messages.js";
import type { EncodedFrame } from "./pump.js";
import { Transforms } from "./transforms.js";

function world() {
  const core = new FakeCore();
  const crypto = new FrameCrypto(core, core.memory, () => 1);
  const transforms = new Transforms(
    () => crypto,
    () => undefined,
  );
  /** A transform as a browser makes it: `write` puts a frame in, `read` has what came out so far. */
  const open = (options: TransformOptions) => {
    const before = new TransformStream<EncodedFrame, EncodedFrame>();
    const read: number[][] = [];
    const writable = new WritableStream<EncodedFrame>({
      write: frame => void read.push([...new Uint8Array(frame.data)]),
    });
    transforms.add({ options, readable: before.readable, writable } as never);
    const writer = before.writable.getWriter();
    return {
      read,
      write: (...bytes: number[]) =>
        writer.write({ data: new Uint8Array(bytes).buffer, getMetadata: () => ({}) }),
      end: () => writer.close(),
    };
  };
  return { core, transforms, open };
}

/** Lets the streams move on. */
const moved = () => new Promise<void>(resolve => setTimeout(resolve));

const camera = (client: string, line: number): TransformOptions => ({
  use: { kind: "receive", client, source: "camera" },
  connection: 1,
  line,
});

test("a line that is taken again closes the transform that it had", async () => {
  const { core, open } = world();
  const old = open(camera("a", 0));
  const other = open(camera("b", 1));
  await Promise.all([old.write(MARK, 1), other.write(MARK, 2)]);
  const next = open(camera("c", 0));
  assert.equal(core.receiversClosed, 1);
  await Promise.all([old.write(MARK, 3), other.write(MARK, 4), next.write(MARK, 5)]);
  await moved();
  assert.deepEqual([old.read, other.read, next.read], [[[1]], [[2], [4]], [[5]]]);
  await old.end();
  await moved();
  assert.equal(core.receiversClosed, 1);
});

test("the same line of another connection is another line", async () => {
  const { core, transforms, open } = world();
  const first = open(camera("a", 0));
  const second = open({ ...camera("a", 0), connection: 2 });
  await Promise.all([first.write(MARK, 1), second.write(MARK, 2)]);
  assert.equal(core.receiversClosed, 0);
  transforms.close(1);
  assert.equal(core.receiversClosed, 1);
  await Promise.all([first.write(MARK, 3), second.write(MARK, 4)]);
  await moved();
  assert.deepEqual([first.read, second.read], [[[1]], [[2], [4]]]);
});
