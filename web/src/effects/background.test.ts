import assert from "node:assert/strict";
import { test } from "node:test";
import { withBackground } from "./background.js";

type Listener = (event: { data: unknown }) => void;

/** A worker that says nothing but what a test has it say. */
class FakeWorker {
  static all: FakeWorker[] = [];
  ended = false;
  onerror: (() => void) | undefined;
  private readonly listeners: Listener[] = [];

  constructor() {
    FakeWorker.all.push(this);
  }

  addEventListener(_: string, listener: Listener): void {
    this.listeners.push(listener);
  }

  postMessage(): void {}

  terminate(): void {
    this.ended = true;
  }

  say(data: unknown): void {
    for (const listener of this.listeners) listener({ data });
  }
}

class FakeTrack {
  stopped = 0;
  readonly writable = {};
  getSettings = () => ({ width: 16, height: 9 });
  clone = () => new FakeTrack();

  stop(): void {
    this.stopped++;
  }
}

/** A browser in which `fetch` answers, or never does. */
function browser({ answers = true } = {}) {
  FakeWorker.all = [];
  const response = { ok: true, arrayBuffer: () => Promise.resolve(new ArrayBuffer(1)) };
  Object.assign(globalThis, {
    EFFECTS_WASM_URL: "effects",
    WIDE_MODEL_URL: "model",
    BACKGROUND_WORKER_URL: "worker",
    Worker: FakeWorker,
    MediaStreamTrackProcessor: class {
      readonly readable = {};
    },
    MediaStreamTrackGenerator: FakeTrack,
    fetch: () => (answers ? Promise.resolve(response) : new Promise(() => undefined)),
  });
  WebAssembly.compileStreaming = () => Promise.resolve({} as WebAssembly.Module);
}

const camera = () => new FakeTrack() as unknown as MediaStreamTrack;
const SOON_MS = 5;

test("a worker that never answers is given up and ended", async () => {
  browser();
  const work = withBackground(camera(), { type: "blur" }, SOON_MS);
  await assert.rejects(work, { message: "the background took too long" });
  assert.equal(FakeWorker.all[0]?.ended, true);
});

test("a model that never loads is given up", async () => {
  browser({ answers: false });
  const work = withBackground(camera(), { type: "blur" }, SOON_MS);
  await assert.rejects(work, { message: "the background took too long" });
  assert.equal(FakeWorker.all.length, 0);
});

test("a worker that answers is left to work, and says later that it broke", async () => {
  browser();
  const work = withBackground(camera(), { type: "blur" });
  for (let tries = 0; tries < 100 && FakeWorker.all.length === 0; tries++) {
    await new Promise(resolve => setTimeout(resolve, 0));
  }
  FakeWorker.all[0]?.say({ type: "ready" });
  const { broken } = await work;
  assert.equal(FakeWorker.all[0]?.ended, false);
  FakeWorker.all[0]?.say({ type: "failed", text: "no memory" });
  assert.equal((await broken).message, "no memory");
  assert.equal(FakeWorker.all[0]?.ended, true);
});
