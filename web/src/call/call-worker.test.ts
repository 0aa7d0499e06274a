import assert from "node:assert/strict";
import { test } from "node:test";
import type { FromWorker } from "../worker/messages.js";
import { CallWorker } from "./call-worker.js";

class FakeWorker {
  static last: FakeWorker;
  onmessage?: (event: { data: FromWorker }) => void;
  onerror?: () => void;

  constructor() {
    FakeWorker.last = this;
  }
}

function world() {
  Object.assign(globalThis, { Worker: FakeWorker, WORKER_URL: "" });
  const worker = new CallWorker();
  const heard: string[] = [];
  const listen = () =>
    worker.listen(message => {
      heard.push(message.type === "failed" ? message.reason : message.type);
    });
  return { fake: FakeWorker.last, heard, listen };
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

test("a failure that the worker told is not lost on who listens later", () => {
  const { fake, heard, listen } = world();
  fake.onmessage?.({ data: { type: "failed", reason: "not_loaded", text: "" } });
  listen();
  assert.deepEqual(heard, ["not_loaded"]);
});
