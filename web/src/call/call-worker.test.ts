import assert from "node:assert/strict";
import { test } from "node:test";
import type { FromWorker, ToWorker } from "../worker/messages.js";
import { sayOnceHeld } from "../worker/first-held.js";
import { CallWorker } from "./call-worker.js";

class FakeWorker {
  static last: FakeWorker;
  onmessage?: (event: { data: FromWorker }) => void;
  onerror?: () => void;
  answering = true;
  pings = 0;

  postMessage({ type }: ToWorker) {
    assert.equal(type, "ping");
    this.pings++;
    if (this.answering) this.onmessage?.({ data: { type: "pong" } });
  }

  terminate() {}

  constructor() {
    FakeWorker.last = this;
  }
}

/** `locks` are those of the browser. */
function world(locks?: { request(name: string, got: () => unknown): Promise<unknown> }) {
  Object.assign(globalThis, { Worker: FakeWorker, WORKER_URL: "" });
  Object.defineProperty(globalThis, "navigator", { value: { locks }, configurable: true });
  const worker = new CallWorker(1);
  const heard: string[] = [];
  const listen = () =>
    worker.listen(message => {
      heard.push(message.type === "failed" ? message.reason : message.type);
    });
  return { fake: FakeWorker.last, worker, heard, listen };
}

test("a worker that never said a word did not load, and who listens late learns of it", () => {
  const { fake, heard, listen } = world();
  fake.onerror?.();
  listen();
  listen();
  assert.deepEqual(heard, ["not_loaded", "not_loaded"]);
});

test("a worker that had come up has crashed", () => {
  const { fake, heard, listen } = world();
  listen();
  fake.onmessage?.({ data: { type: "loaded" } });
  fake.onerror?.();
  assert.deepEqual(heard, ["loaded", "crashed"]);
});

test("a worker whose lock is given back has ended", () => {
  const asked: [string, () => void][] = [];
  const request = (...request: [string, () => void]) => {
    asked.push(request);
    return Promise.resolve();
  };
  const { fake, heard, listen } = world({ request });
  listen();
  assert.deepEqual(asked, [], "it may not have taken its lock yet");
  fake.onmessage?.({ data: { type: "loaded" } });
  fake.onmessage?.({ data: { type: "pong" } });
  assert.equal(asked.length, 1);
  asked[0]?.[1]();
  assert.deepEqual(heard, ["loaded", "crashed"]);
});

/** Locks as browsers give them: to one after the other, and never at once. */
class FakeLocks {
  private held = false;
  private readonly queue: (() => unknown)[] = [];

  request(_name: string, got: () => unknown): Promise<unknown> {
    this.queue.push(got);
    return Promise.resolve();
  }

  /** Somebody's turn comes. */
  async grant() {
    if (this.held) return;
    this.held = true;
    await this.queue.shift()?.();
    this.held = false;
  }
}

test("a worker says nothing before it holds its lock, so that the page never gets it from one that lives", () => {
  const locks = new FakeLocks();
  const { fake, worker, heard, listen } = world(locks);
  listen();
  const post = (data: FromWorker) => fake.onmessage?.({ data });
  const say = sayOnceHeld(post, "lock", locks);
  say({ type: "loaded" });
  say({ type: "closed" });
  assert.deepEqual(heard, []);
  void locks.grant();
  assert.deepEqual(heard, ["loaded", "closed"], "in its order");
  void locks.grant();
  say({ type: "closed" });
  assert.deepEqual(heard, ["loaded", "closed", "closed"]);
  worker.end();
});

test("where there are no locks, or none is to be had, the worker speaks all the same", async () => {
  const said: string[] = [];
  const post = (word: string) => void said.push(word);
  sayOnceHeld(post, "lock", undefined)("at once");
  assert.deepEqual(said, ["at once"]);
  const request = () => Promise.reject(new Error("not here"));
  sayOnceHeld(post, "lock", { request })("later");
  await new Promise(resolve => setTimeout(resolve));
  assert.deepEqual(said, ["at once", "later"]);
  const { fake, worker, heard, listen } = world({ request });
  listen();
  fake.onmessage?.({ data: { type: "loaded" } });
  await new Promise(resolve => setTimeout(resolve));
  assert.deepEqual(heard, ["loaded"]);
  worker.end();
});

test("a failure that the worker told is not lost on who listens later", () => {
  const { fake, heard, listen } = world();
  fake.onmessage?.({ data: { type: "failed", reason: "not_loaded", text: "" } });
  listen();
  assert.deepEqual(heard, ["not_loaded"]);
});

test("a worker that answers is alive, and one that falls silent has crashed, which is said once", async () => {
  const { fake, worker, heard, listen } = world();
  listen();
  fake.onmessage?.({ data: { type: "loaded" } });
  const pinged = async (count: number) => {
    for (let turn = 0; turn < 10_000 && fake.pings < count; turn++) {
      await new Promise(resolve => setTimeout(resolve, 1));
    }
    assert(fake.pings >= count);
  };
  await pinged(20);
  assert.deepEqual(heard, ["loaded"]);
  fake.answering = false;
  for (let turn = 0; turn < 10_000 && heard.length < 2; turn++) {
    await new Promise(resolve => setTimeout(resolve, 1));
  }
  fake.onerror?.();
  assert.deepEqual(heard, ["loaded", "crashed"]);
  worker.end();
});
