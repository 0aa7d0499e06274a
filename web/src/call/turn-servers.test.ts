import assert from "node:assert/strict";
import { test } from "node:test";
import { iceServersOf, TurnServers, type TurnServersEvent } from "./turn-servers.js";

function event(more: Partial<TurnServersEvent> = {}): TurnServersEvent {
  const urls = ["turn:turn.example:3478?transport=udp", "turns:[2001:db8::9]:443?transport=tcp"];
  return {
    ...{ type: "turn_servers", urls, username: "1:a", credential: "b", seconds: 3_600 },
    ...more,
  };
}

test("what a server says is taken as it is", () => {
  const { urls, username, credential } = event();
  assert.deepEqual(iceServersOf(event()), [{ urls, username, credential }]);
  assert.deepEqual(iceServersOf(event({ urls: [], username: "", credential: "" })), []);
});

test("anything but addresses of TURN servers and a short credential is refused", () => {
  const bad = [
    "",
    "stun:turn.example",
    "https://turn.example",
    "turn:",
    "turn:a b",
    "turn:user@turn.example",
    "turn:turn.example?transport=sctp",
    "turns:turn.example?transport=udp",
    "turn:turn.example\n",
    `turn:${"a".repeat(300)}`,
  ];
  for (const url of bad) {
    assert.equal(iceServersOf(event({ urls: ["turn:turn.example", url] })), undefined, url);
  }
  assert.equal(iceServersOf(event({ urls: Array(9).fill("turn:turn.example") })), undefined);
  assert.equal(iceServersOf(event({ username: "" })), undefined);
  assert.equal(iceServersOf(event({ credential: "a".repeat(513) })), undefined);
});

/** The timers that are set meanwhile: how long each waits, and what becomes of the one that is not cleared. */
function withTimers(body: (timers: { waits: number[]; due: (() => void) | undefined }) => void) {
  const { setTimeout, clearTimeout } = globalThis;
  const timers: { waits: number[]; due: (() => void) | undefined } = { waits: [], due: undefined };
  globalThis.setTimeout = ((act: () => void, waitMs: number) => {
    timers.due = act;
    return timers.waits.push(waitMs);
  }) as typeof setTimeout;
  globalThis.clearTimeout = (timer => {
    if (timer === timers.waits.length) timers.due = undefined;
  }) as typeof clearTimeout;
  try {
    body(timers);
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
}

test("credentials are renewed at half of their time, and not too often", () =>
  withTimers(timers => {
    let asked = 0;
    const servers = new TurnServers(() => void asked++);
    assert.deepEqual(servers.now, []);
    servers.take(event());
    assert.equal(servers.now[0]?.username, "1:a");
    timers.due?.();
    timers.due?.();
    assert.equal(asked, 2, "and again, as there was no answer");
    servers.take(event({ username: "2:b", seconds: 0 }));
    assert.equal(servers.now[0]?.username, "2:b");
    assert.deepEqual(timers.waits, [1_800_000, 60_000, 60_000, 60_000]);
    // One that cannot be used leaves the last one in place.
    servers.take(event({ urls: ["http://a"] }));
    assert.equal(servers.now[0]?.username, "2:b");
    assert(timers.due !== undefined);
    servers.take(event({ urls: [] }));
    assert.deepEqual(servers.now, []);
    assert.equal(timers.due, undefined);
    servers.take(event());
    servers.close();
    assert.equal(timers.due, undefined);
    assert.equal(asked, 2);
  }));
