import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeConnection, installFakePeer } from "../test/fake-peer.js";
import type { CallEvent, FrameCounts, FromWorker, ToWorker } from "../worker/messages.js";
import { CallController } from "./call-controller.js";
import type { WorkerListener } from "./call-worker.js";
import type { Devices } from "./devices.js";
import { Marks } from "./marks.js";
import { Observable } from "./observable.js";

const NUMBER = Array.from({ length: 12 }, () => "01234").join(" ");

const GRACE = "b".repeat(64);

function world({ sending = false, marks = new Marks(undefined) } = {}) {
  installFakePeer();
  Object.assign(globalThis, { location: { host: "example.test" } });
  const posted: ToWorker[] = [];
  let say: WorkerListener = () => undefined;
  let workers = 0;
  const ended: number[] = [];
  const muted: boolean[] = [];
  const startWorker = () => {
    const number = ++workers;
    return {
      listen: (listener: WorkerListener) => void (say = listener),
      post: (message: ToWorker) => void posted.push(message),
      transform: (options: object) => ({ ...options, worker: number }) as RTCRtpScriptTransform,
      end: () => void ended.push(number),
    };
  };
  const off = { on: false, track: undefined };
  const on = { on: true, track: { getSettings: () => ({}) } };
  const camera = sending ? on : off;
  const devices = {
    view: new Observable({ microphone: off, camera }),
    mute: () => void muted.push(true),
    stop: () => undefined,
    setSmall: () => undefined,
  } as unknown as Devices;
  const call = new CallController(startWorker(), startWorker, devices, "/r/standup", "Ada", marks);
  const shown = { lost: false, silent: false, elsewhere: false, state: null, hand_order: null };
  const identity = "a".repeat(64);
  const person = { identity, leaf: 0, confirmed: true, host: false, present: true, ...shown };
  const roster: CallEvent = {
    type: "roster",
    people: [
      { ...person, client: "a", name: "Ada", own: true },
      { ...person, client: "b", name: "Grace", own: false, identity: GRACE },
    ],
    safety_number: NUMBER,
    epoch: 1,
  };
  return {
    call,
    roster,
    posted,
    ended,
    muted,
    hear: (message: FromWorker) => say(message),
    event: (event: CallEvent) => say({ type: "event", event }),
    commands: () =>
      posted.flatMap(message => (message.type === "command" ? [message.command.type] : [])),
    offers: () =>
      posted.flatMap(message =>
        message.type === "command" && message.command.type === "offer" ? [message.command] : [],
      ),
  };
}

async function until(done: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    if (done()) return;
    await new Promise(resolve => setTimeout(resolve, 1));
  }
  throw new Error(`waited in vain for ${what}`);
}

test("with the group go the safety number and the others' presence, until the next roster", () => {
  const { call, roster, event } = world();
  event(roster);
  event({ type: "phase", phase: "inside" });
  assert.equal(call.view.get().safetyNumber?.length, 12);
  event({ type: "media_reset" });
  event({ type: "phase", phase: "reconnecting" });
  assert.equal(call.view.get().safetyNumber, undefined);
  const present = () => call.view.get().people.map(person => person.present);
  assert.deepEqual(present(), [true, false]);
  event(roster);
  assert.equal(call.view.get().safetyNumber?.length, 12);
  assert.deepEqual(present(), [true, true]);
  call.leave();
});

test("a host's wish goes to the core with this device's clock, and what the core says is shown", () => {
  const { call, event, posted } = world();
  assert.equal(call.view.get().room.locked, false);
  const before = Date.now();
  call.order({ type: "remove", client: "b" });
  const orders = posted.flatMap(message =>
    message.type === "command" && message.command.type === "host" ? [message.command] : [],
  );
  const at = orders[0]?.at ?? 0;
  assert.equal(before <= at && at <= Date.now(), true);
  assert.deepEqual(orders, [{ type: "host", at, order: { type: "remove", client: "b" } }]);
  const waiting = [{ client: "c", name: "Lin", identity: GRACE }];
  const room = {
    locked: true,
    opened: false,
    host: true,
    outside: false,
    waiting,
    barred: [],
  };
  event({ type: "room", room });
  assert.deepEqual(call.view.get().room, room);
  call.leave();
});

test("who waits has the marks of who is inside", () => {
  const { call, event, roster } = world();
  event(roster);
  const [, grace] = call.view.get().people;
  const name = grace?.name ?? "";
  const room = { locked: true, opened: false, host: true, outside: false, barred: [] };
  const waits = (identity: string) => {
    event({ type: "room", room: { ...room, waiting: [{ client: "c", name, identity }] } });
    return call.view.get().waitingTrust.get("c");
  };
  assert.deepEqual(
    waits("f".repeat(64))?.warnings.map(({ type }) => type),
    ["same_name_now"],
  );
  assert.equal(waits("f".repeat(64))?.state.type, "new");
  const identity = grace?.identity ?? "";
  assert.deepEqual(waits(identity)?.warnings, []);
  call.markVerified(identity, name);
  assert.equal(call.view.get().waitingTrust.get("c")?.state.type, "verified");
  call.leave();
});

test("whom a host mutes is muted and reads by whom", () => {
  const { call, event, muted } = world();
  event({ type: "mute_asked", text: "Grace, a host, muted you." });
  assert.deepEqual(muted, [true]);
  assert.equal(call.view.get().notice?.text, "Grace, a host, muted you.");
  call.leave();
});

test("when the server has lost the media session another is made, and the group stays", async () => {
  const { call, roster, event, offers } = world();
  event(roster);
  event({ type: "phase", phase: "inside" });
  event({ type: "tracks", tracks: [{ client: "b", source: "camera", kind: "video" }] });
  await until(() => offers().length === 1, "an offer");
  event({ type: "tracks", tracks: [] });
  event({ type: "media_lost" });
  assert.equal(FakeConnection.made.length, 2);
  assert.equal(call.view.get().safetyNumber?.length, 12);
  assert.deepEqual(
    call.view.get().people.map(person => person.present),
    [true, true],
  );
  event({ type: "tracks", tracks: [{ client: "b", source: "camera", kind: "video" }] });
  await until(() => offers().length === 2, "another offer");
  call.leave();
});

test("refusals lead to another connection, and to words only if that does not help", async () => {
  const { call, roster, event, offers } = world();
  event(roster);
  event({ type: "phase", phase: "inside" });
  event({ type: "tracks", tracks: [{ client: "b", source: "camera", kind: "video" }] });
  const refuse = async (count: number) => {
    await until(() => offers().length === count, `offer ${count}`);
    event({ type: "offer_refused", offer: count, text: "line 0 has lost its place in the SDP" });
  };
  await refuse(1);
  await refuse(2);
  await until(() => FakeConnection.made.length === 2, "another connection");
  assert.notEqual(call.view.get().media, "refused");
  await refuse(3);
  await refuse(4);
  await until(() => call.view.get().media === "refused", "the words");
  await until(() => offers().length === 5, "offer 5");
  event({ type: "answer", offer: 5, sdp: "v=0" });
  await until(() => call.view.get().media !== "refused", "the words to go away");
  assert.equal(call.view.get().notice, undefined);
  call.leave();
});

test("a worker that did not load ends the call with that reason", () => {
  const { call, hear } = world();
  hear({ type: "failed", reason: "not_loaded", text: "" });
  const { ended } = call.view.get();
  assert(ended?.type === "failed");
  assert.equal(ended.reason, "not_loaded");
});

test("an alarm stays until it is dismissed: no server's notice takes its place, nor does the call's end", () => {
  const { call, roster, event } = world();
  const alarms = () => call.view.get().alarms.map(({ text }) => text);
  event(roster);
  event({ type: "phase", phase: "inside" });
  event({ type: "alarm", text: "split" });
  event({ type: "alarm", text: "split" });
  event({ type: "notice", text: "All is well." });
  event({ type: "media_reset" });
  assert.deepEqual(alarms(), ["split"], "once, for all the repetition");
  assert.equal(call.view.get().notice?.text, "All is well.");

  for (let number = 1; number <= 10; number++) event({ type: "alarm", text: `split ${number}` });
  assert.deepEqual(alarms(), ["split 7", "split 8", "split 9", "split 10"]);
  const [first, second] = call.view.get().alarms;
  assert(first !== undefined && second !== undefined);
  call.dismissAlarm(second.id);
  call.dismissAlarm(second.id);
  assert.deepEqual(alarms(), ["split 7", "split 9", "split 10"]);
  for (const { id } of call.view.get().alarms) call.dismissAlarm(id);
  assert.deepEqual(alarms(), []);

  event({ type: "alarm", text: "split 10" });
  assert.notEqual(call.view.get().alarms[0]?.id, first.id);
  event({ type: "ended", text: "The server has closed the call." });
  assert.equal(call.view.get().ended?.type, "ended");
  assert.deepEqual(alarms(), ["split 10"]);
});

test("what the group's watch doubts of a person is shown with the person", () => {
  const { call, roster, event } = world();
  assert(roster.type === "roster");
  const doubts = (more: { silent?: boolean; elsewhere?: boolean }) => {
    const people = roster.people.map(person => (person.own ? person : { ...person, ...more }));
    event({ ...roster, people });
    return call.view.get().people.map(({ doubt }) => doubt);
  };
  assert.deepEqual(doubts({}), [undefined, undefined]);
  assert.deepEqual(doubts({ silent: true }), [undefined, "silent"]);
  assert.deepEqual(doubts({ elsewhere: true }), [undefined, "elsewhere"]);
  assert.deepEqual(doubts({ silent: true, elsewhere: true }), [undefined, "elsewhere"]);
  call.leave();
});

test("who is cut off is shown as coming back, until it is back", () => {
  const { call, roster, event } = world();
  assert(roster.type === "roster");
  const lost = (cutOff: boolean) => {
    const people = roster.people.map(person => ({ ...person, lost: cutOff && !person.own }));
    event({ ...roster, people });
    return call.view.get().people.map(person => person.lost);
  };
  assert.deepEqual(lost(false), [false, false]);
  assert.deepEqual(lost(true), [false, true]);
  assert.deepEqual(lost(false), [false, false]);
  call.leave();
});

test("for whose picture the own network has no room is said with the person, until there is", () => {
  const { call, roster, event } = world();
  assert(roster.type === "roster");
  event(roster);
  const grace = roster.people.find(({ own }) => !own)?.client;
  assert(grace !== undefined);
  const reasons = (...clients: string[]) => {
    const pictures = clients.map(client => ({ client, source: "camera", kind: "video" }) as const);
    event({ type: "paused", pictures });
    return call.view.get().people.map(({ quality }) => quality.reason);
  };
  assert.deepEqual(reasons(grace), [undefined, "room"]);
  assert.deepEqual(reasons(grace, "somebody who has left"), [undefined, "room"]);
  assert.deepEqual(reasons(), [undefined, undefined]);
  call.leave();
});

test("another worker takes over from one that died, transform by transform, and arrives anew", async () => {
  const { call, roster, posted, ended, hear, event, offers } = world({ sending: true });
  event(roster);
  event({ type: "phase", phase: "inside" });
  await until(() => offers().length === 1, "an offer");
  event({ type: "alarm", text: "split" });
  const starter = { client: "b", name: "Grace", own: false };
  event({ type: "emoji", state: { state: "done", starter, emoji: [] } });
  const [connection] = FakeConnection.made;
  const sender = connection?.transceivers[0]?.sender;
  assert(sender !== undefined);
  const transforms = [sender.transform];
  Object.defineProperty(sender, "transform", {
    get: () => transforms.at(-1),
    set: transform => void transforms.push(transform),
  });
  const stats = call.stats();
  hear({ type: "failed", reason: "crashed", text: "" });
  assert.equal((await stats).worker, undefined, "nobody waits for an answer of the dead");
  assert.equal(call.view.get().phase, "reconnecting");
  assert.equal(call.view.get().safetyNumber, undefined);
  const lost = { state: "failed", reason: { type: "reconnected" } };
  assert.deepEqual(call.view.get().emoji, lost, "nobody compares emoji of a group that is gone");
  assert.equal(call.view.get().alarms.length, 1);
  await until(() => ended.length === 1, "the dead worker's end");
  assert.deepEqual(ended, [1]);
  assert.deepEqual(
    transforms.map(transform => (transform as { worker?: number } | null | undefined)?.worker),
    [1, 2],
    "there is always a transform",
  );
  assert.equal(posted.filter(({ type }) => type === "join").length, 2);
  assert.equal(connection?.connectionState, "closed");
  event({ type: "phase", phase: "connecting" });
  assert.equal(call.view.get().phase, "reconnecting");
  event(roster);
  event({ type: "phase", phase: "inside" });
  await until(() => offers().length === 2, "an offer on another connection");
  assert.equal(call.view.get().phase, "inside");
  assert.equal(call.view.get().ended, undefined);
  call.leave();
});

test("workers that die again and again end the call", async () => {
  const { call, ended, hear } = world();
  const real = setTimeout;
  globalThis.setTimeout = ((act: () => void) => real(act, 0)) as typeof setTimeout;
  try {
    for (let deaths = 1; deaths <= 4; deaths++) {
      hear({ type: "failed", reason: deaths === 2 ? "not_loaded" : "crashed", text: "" });
      assert.equal(call.view.get().ended, undefined);
      await until(() => ended.length === deaths, "the next worker");
    }
    hear({ type: "failed", reason: "crashed", text: "" });
    assert.equal(call.view.get().ended?.type, "failed");
  } finally {
    globalThis.setTimeout = real;
  }
});

test("marks show at once, can be taken back, and are there in the next call", () => {
  const values = new Map<string, string>();
  const store = {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  };
  const trust = ({ call }: ReturnType<typeof world>) =>
    call.view.get().people.map(person => person.trust.state.type);
  const first = world({ marks: new Marks(store) });
  first.event(first.roster);
  assert.deepEqual(trust(first), ["own", "new"]);
  first.call.markVerified(GRACE, "Grace");
  assert.deepEqual(trust(first), ["own", "verified"]);
  first.call.unmark(GRACE);
  assert.deepEqual(trust(first), ["own", "new"]);
  first.call.markVerified(GRACE, "Grace");
  first.call.leave();

  const second = world({ marks: new Marks(store) });
  second.event(second.roster);
  assert.deepEqual(trust(second), ["own", "verified"]);
  assert(second.call.view.get().marksLast);
  second.call.forgetPeople();
  assert.deepEqual(trust(second), ["own", "new"]);
  assert.equal(values.size, 0);
  second.call.leave();
});

test("that marks will be gone is said at once where they cannot be written", () => {
  let full = false;
  const store = {
    getItem: () => null,
    setItem: () => {
      if (full) throw new Error("QuotaExceededError");
    },
    removeItem: () => undefined,
  };
  const { call, roster, event } = world({ marks: new Marks(store) });
  event(roster);
  assert(call.view.get().marksLast);
  full = true;
  // Each view that shows the mark says that it will not stay.
  const seen: [string | undefined, boolean][] = [];
  call.view.subscribe(() => {
    const { people, marksLast } = call.view.get();
    seen.push([people[1]?.trust.state.type, marksLast]);
  });
  call.markVerified(GRACE, "Grace");
  assert.deepEqual(seen.at(-1), ["verified", false]);
  assert(!seen.some(([state, lasts]) => state === "verified" && lasts));
  call.leave();
});

test("emoji are compared by the core, and what it says of them is shown", () => {
  const { call, event, commands } = world();
  call.compareEmoji();
  call.cancelEmoji();
  assert.deepEqual(commands(), ["emoji_start", "emoji_cancel"]);
  assert.equal(call.view.get().emoji.state, "idle");
  event({ type: "emoji", state: { state: "asking" } });
  assert.equal(call.view.get().emoji.state, "asking");
  call.leave();
});

test("what is in sight is told, and told again to another worker", async () => {
  const { call, roster, posted, hear, event } = world();
  const watched = () =>
    posted.flatMap(message =>
      message.type === "command" && message.command.type === "watch" ? [message.command.views] : [],
    );
  event(roster);
  event({ type: "phase", phase: "inside" });
  assert.deepEqual(watched(), [], "nothing before the page has said it");
  call.shows([{ client: "b", source: "camera", height: 500, large: false }]);
  const views = [{ client: "b", source: "camera", height: 540 }];
  assert.deepEqual(watched(), [views]);
  await until(() => {
    call.setMode("audio");
    return watched().length === 2;
  }, "another message");
  assert.deepEqual(watched().at(-1), []);
  await new Promise(resolve => setTimeout(resolve, 300));
  hear({ type: "failed", reason: "crashed", text: "" });
  event({ type: "phase", phase: "inside" });
  assert.deepEqual(watched().length, 3);
  call.leave();
});

test("who is shown large is told to the core, and again to another one", () => {
  const { call, roster, posted, hear, event } = world();
  const pinned = () =>
    posted.flatMap(message =>
      message.type === "command" && message.command.type === "pin" ? [message.command.client] : [],
    );
  event(roster);
  event({ type: "phase", phase: "inside" });
  call.setMain("b");
  call.setMain("b");
  assert.deepEqual(pinned(), [null, "b"]);
  hear({ type: "failed", reason: "crashed", text: "" });
  event({ type: "phase", phase: "inside" });
  assert.deepEqual(pinned(), [null, "b", "b"]);
  call.setMain(undefined);
  assert.equal(pinned().at(-1), null);
  call.leave();
});

test("microphones that are not heard count as paused, until all are heard again", async () => {
  const { call, roster, posted, hear, event, offers } = world();
  event(roster);
  const kind = "audio" as const;
  const microphones = ["b", "c"].map(client => ({ client, source: "microphone" as const, kind }));
  event({ type: "tracks", tracks: microphones });
  event({ type: "phase", phase: "inside" });
  await until(() => offers().length === 1, "an offer");
  const [connection] = FakeConnection.made;
  assert(connection !== undefined);
  const inbound = (mid: string) => [mid, { type: "inbound-rtp", mid }] as const;
  connection.getStats = () => Promise.resolve(new Map([inbound("0"), inbound("1")]));
  const paused = async () => {
    const stats = call.stats();
    for (const { type, ...rest } of posted) {
      if (type !== "get_stats") continue;
      const { request } = rest as { request: number };
      hear({ type: "stats", request, stats: { core: null, frames: {} as FrameCounts } });
    }
    return (await stats).lines.map(line => line.paused);
  };
  assert.deepEqual(await paused(), [false, false]);
  event({ type: "hearing", clients: ["c"] });
  assert.deepEqual(await paused(), [true, false]);
  event({ type: "hearing", clients: null });
  assert.deepEqual(await paused(), [false, false]);
  call.leave();
});
