import assert from "node:assert/strict";
import { test } from "node:test";
import type { Core } from "../generated/wasm/tangelo_call.js";
import { base64Decode } from "./base64.js";
import { Session } from "./session.js";

class FakeSocket {
  static readonly OPEN = 1;
  static made: FakeSocket[] = [];
  readyState = 0;
  sent: string[] = [];
  closes = 0;
  onopen?: () => void;
  onmessage?: (message: { data: unknown }) => void;
  onclose?: () => void;

  constructor(readonly url: string) {
    FakeSocket.made.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closes++;
    this.readyState = 2;
  }
}

function world() {
  FakeSocket.made = [];
  Object.assign(globalThis, { WebSocket: FakeSocket });
  const outputs: object[] = [];
  const calls: string[] = [];
  let broken = false;
  const core = {
    connected: () => calls.push("connected"),
    disconnected: () => calls.push("disconnected"),
    receive: (_now: number, text: string) => {
      if (broken) throw new Error("panic");
      calls.push(`receive ${text}`);
    },
    identity_signed: (_now: number, signature: Uint8Array) => calls.push(`signed ${signature}`),
    command: (_now: number, json: string) => calls.push(`command ${json}`),
    handle_timeout: () => calls.push("timeout"),
    next_timeout: () => undefined,
    poll: () => {
      const output = outputs.shift();
      return output === undefined ? undefined : JSON.stringify(output);
    },
  };
  const heard: string[] = [];
  const session = new Session(
    core as unknown as Core,
    { publicKey: new Uint8Array(32), sign: payload => Promise.resolve(payload.slice().reverse()) },
    "ws://example.test/ws",
    {
      event: event => heard.push(event.type),
      settled: () => undefined,
      broke: error => heard.push(`broke: ${(error as Error).message}`),
      closed: () => heard.push("closed"),
    },
  );
  const socket = (index: number) => {
    const made = FakeSocket.made[index];
    assert(made !== undefined);
    return made;
  };
  return { outputs, calls, heard, session, socket, break: () => (broken = true) };
}

test("outputs are carried out in order, and messages reach the core", async () => {
  const { outputs, calls, heard, session, socket } = world();
  outputs.push({ type: "connect" }, { type: "sign_identity", payload: "AQID" });
  session.settle();
  socket(0).readyState = FakeSocket.OPEN;
  outputs.push({ type: "send", text: "hello" }, { type: "event", event: { type: "media_reset" } });
  socket(0).onopen?.();
  socket(0).onmessage?.({ data: "welcome" });
  socket(0).onmessage?.({ data: new ArrayBuffer(3) });
  await new Promise(resolve => setTimeout(resolve));
  assert.deepEqual(socket(0).sent, ["hello"]);
  assert.deepEqual(heard, ["media_reset"]);
  assert.deepEqual(calls, ["connected", "receive welcome", "signed 3,2,1"]);
});

test("a socket that was replaced is not listened to any more", () => {
  const { outputs, calls, session, socket } = world();
  outputs.push({ type: "connect" });
  session.settle();
  outputs.push({ type: "connect" });
  session.settle();
  assert.equal(socket(0).closes, 1);
  socket(0).onmessage?.({ data: "late" });
  socket(0).onclose?.();
  assert.deepEqual(calls, []);
  socket(1).onclose?.();
  assert.deepEqual(calls, ["disconnected"]);
});

test("after leaving, the worker may end only when the farewell is out", () => {
  const { outputs, heard, session, socket } = world();
  outputs.push({ type: "connect" });
  session.settle();
  socket(0).readyState = FakeSocket.OPEN;
  outputs.push({ type: "send", text: "leave" }, { type: "close" });
  session.command({ type: "leave" });
  assert.deepEqual(socket(0).sent, ["leave"]);
  assert.deepEqual(heard, []);
  socket(0).onclose?.();
  assert.deepEqual(heard, ["closed"]);
});

test("a core that throws ends the session once", () => {
  const { outputs, calls, heard, session, socket, break: breakCore } = world();
  outputs.push({ type: "connect" });
  session.settle();
  breakCore();
  socket(0).onmessage?.({ data: "poison" });
  session.command({ type: "leave" });
  socket(0).onmessage?.({ data: "more" });
  assert.equal(socket(0).closes, 1);
  assert.deepEqual(heard.slice(0, 1), ["broke: panic"]);
  assert.deepEqual(calls, []);
});

test("base64 without padding is read", () => {
  assert.deepEqual([...base64Decode("AQI")], [1, 2]);
  assert.deepEqual([...base64Decode("")], []);
  assert.deepEqual([...base64Decode("//79")], [255, 254, 253]);
});
