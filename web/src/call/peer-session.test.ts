import assert from "node:assert/strict";
import { test } from "node:test";
import type { RemoteTrack } from "../generated/RemoteTrack.js";
import { FakeConnection, installFakePeer } from "../test/fake-peer.js";
import type { Offer } from "./offer-exchange.js";
import { PeerSession } from "./peer-session.js";

const FOR_EVER_MS = 60_000;

/** `answerWaitMs` is short where answers are to get lost, and never comes up elsewhere. */
function world(answerWaitMs = FOR_EVER_MS) {
  installFakePeer();
  const offers: ({ number: number } & Offer)[] = [];
  const failures: string[] = [];
  let agreements = 0;
  let turnServers: RTCIceServer[] = [];
  const session = new PeerSession(
    {
      offer: (number, offer) => void offers.push({ number, ...offer }),
      nextOffer: () => offers.length + 1,
      turnServers: () => turnServers,
      transform: (use, line) => ({ use, line }) as never,
      changed: () => undefined,
      agreed: () => void agreements++,
      failed: why => void failures.push(why),
    },
    answerWaitMs,
    0,
  );
  const [connection] = FakeConnection.made;
  assert(connection !== undefined);
  const want = (clients: string[], mayOffer = true) =>
    session.want(
      new Map([["microphone", { kind: "audio" } as MediaStreamTrack]]),
      clients.map((client): RemoteTrack => ({ client, source: "camera", kind: "video" })),
      mayOffer,
    );
  /** The offer with this number, once it is made. */
  const offered = async (number: number) => {
    await until(() => offers.length >= number, `offer ${number}`);
    const offer = offers[number - 1];
    assert(offer !== undefined);
    return offer;
  };
  const useTurn = (servers: RTCIceServer[]) => void (turnServers = servers);
  return {
    ...{ session, connection, offers, failures, want, offered, useTurn },
    agreements: () => agreements,
  };
}

async function until(done: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) {
    if (done()) return;
    await new Promise(resolve => setTimeout(resolve, 1));
  }
  throw new Error(`waited in vain for ${what}`);
}

/** Long enough for anything that is about to happen. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setTimeout(resolve, 1));
}

test("an answer lost with the connection: the same offer goes out again, and newcomers are seen", async () => {
  const { session, connection, failures, want, offered, agreements } = world();
  want(["a"]);
  session.answered((await offered(1)).number, "v=0");
  want(["a", "b"]);
  const lost = await offered(2);
  want(["a", "b", "c"], false);
  await settled();
  want(["a", "b", "c"]);
  const again = await offered(3);
  assert.equal(again.sdp, lost.sdp);
  assert.deepEqual(again.lines, lost.lines);
  assert.equal(connection.rollbacks, 0);
  session.answered(3, "v=0");
  const newcomer = await offered(4);
  assert.deepEqual(
    newcomer.lines.map(({ mid, use }) => [mid, use?.type === "receive" ? use.client : "own"]),
    [
      ["0", "own"],
      ["1", "a"],
      ["2", "b"],
      ["3", "c"],
    ],
  );
  session.answered(4, "v=0");
  await until(() => agreements() === 3, "all to be agreed");
  assert.deepEqual(failures, []);
  session.close();
});

test("an answer that does not come: the same offer again, then another connection", async () => {
  const { session, connection, offers, failures, want, offered } = world(5);
  want(["a"]);
  const first = await offered(1);
  const second = await offered(2);
  assert.equal(second.sdp, first.sdp);
  await until(() => failures.length > 0, "the session to give up");
  await settled();
  assert.deepEqual([failures, offers.length, connection.rollbacks], [["agreement"], 2, 0]);
  session.close();
});

test("no answer is taken but that to the last number", async () => {
  const { session, connection, want, offered, agreements } = world();
  want(["a"]);
  await offered(1);
  want(["a"], false);
  want(["a"]);
  await offered(2);
  session.answered(1, "v=0");
  session.refused(1, "There is no connection to the call at the moment.");
  await settled();
  assert.equal(connection.signalingState, "have-local-offer");
  assert.equal(agreements(), 0);
  session.answered(2, "v=0");
  await until(() => agreements() === 1, "the agreement");
  assert.equal(connection.signalingState, "stable");
  session.close();
});

test("a refused offer is made anew with what is wanted by then; refused again, it ends the session", async () => {
  const { session, connection, offers, failures, want, offered } = world();
  want(["a"]);
  await offered(1);
  want(["a", "b"]);
  session.refused(1, "slow down");
  const anew = await offered(2);
  assert.equal(anew.lines.length, 3);
  assert.equal(connection.rollbacks, 1);
  session.refused(2, "line 0 has lost its place in the SDP");
  await until(() => failures.length > 0, "the session to give up");
  want(["c"]);
  await settled();
  assert.deepEqual([failures, offers.length], [["agreement"], 2]);
  session.close();
});

test("two refusals with an agreement between them end nothing", async () => {
  const { session, failures, want, offered, agreements } = world();
  want(["a"]);
  await offered(1);
  session.refused(1, "slow down");
  await offered(2);
  session.answered(2, "v=0");
  await until(() => agreements() === 1, "the agreement");
  want(["a", "b"]);
  await offered(3);
  session.refused(3, "slow down");
  await offered(4);
  session.answered(4, "v=0");
  await until(() => agreements() === 2, "the other agreement");
  assert.deepEqual(failures, []);
  session.close();
});

test("a refused offer that was sent before is not rolled back: the server may have taken it", async () => {
  const { session, connection, failures, want, offered } = world();
  want(["a"]);
  const first = await offered(1);
  want(["a"], false);
  want(["a"]);
  await offered(2);
  session.refused(2, "slow down");
  const third = await offered(3);
  assert.equal(third.sdp, first.sdp);
  assert.equal(connection.rollbacks, 0);
  session.answered(3, "v=0");
  await until(() => connection.signalingState === "stable", "the agreement");
  assert.deepEqual(failures, []);
  session.close();
});

test("an answer that the browser does not take ends the session at once", async () => {
  const { session, connection, offers, failures, want, offered } = world();
  want(["a"]);
  await offered(1);
  connection.refusing = true;
  session.answered(1, "v=0");
  await until(() => failures.length > 0, "the session to give up");
  connection.become("failed");
  await settled();
  assert.deepEqual([failures, offers.length, connection.rollbacks], [["agreement"], 1, 0]);
  session.close();
});

test("what is wanted while tracks are being swapped is not forgotten", async () => {
  const { session, connection, want, offered } = world();
  want(["a"]);
  await offered(1);
  session.answered(1, "v=0");
  await settled();
  const swaps: (() => void)[] = [];
  const [microphone] = connection.transceivers;
  assert(microphone !== undefined);
  const swap = microphone.sender.replaceTrack;
  microphone.sender.replaceTrack = () =>
    new Promise(resolve => {
      swaps.push(resolve);
    });
  want(["a"]);
  want(["a", "b"]);
  await settled();
  microphone.sender.replaceTrack = swap;
  for (const swapped of swaps) swapped();
  assert.equal((await offered(2)).lines.length, 3);
  session.close();
});

test("a connection that breaks is told once, and nothing is offered on it any more", async () => {
  const { session, connection, offers, failures, want, offered } = world();
  want(["a"]);
  await offered(1);
  connection.become("failed");
  connection.become("failed");
  session.answered(1, "v=0");
  want(["a", "b"]);
  await settled();
  assert.deepEqual([failures, offers.length], [["connection"], 1]);
  session.close();
});

test("which layers are wanted holds for a session that the server knows, and until a line begins anew", async () => {
  const { session, connection, offered } = world();
  const track = { kind: "video", getSettings: () => ({ width: 1280, height: 720 }) };
  const camera = new Map([["camera" as const, track as unknown as MediaStreamTrack]]);
  const active = () => connection.transceivers[0]?.sender.encodings.map(each => each.active);
  session.want(camera, [], true);
  session.wanted("camera", [0]);
  session.answered((await offered(1)).number, "v=0");
  await settled();
  assert.deepEqual(active(), [true, true, true], "that was said of another session");
  session.wanted("camera", [0]);
  await settled();
  assert.deepEqual(active(), [true, false, false]);
  assert.equal(session.isPaused("0", "h"), true);
  session.want(new Map(), [], true);
  session.answered((await offered(2)).number, "v=0");
  await settled();
  session.want(camera, [], true);
  session.answered((await offered(3)).number, "v=0");
  await settled();
  assert.deepEqual(active(), [true, true, true]);
  session.close();
});

/** A session that is connected and agreed. */
async function connected() {
  const at = world();
  at.want(["a"]);
  await at.offered(1);
  at.session.answered(1, ANSWER);
  await until(() => at.agreements() === 1, "the agreement");
  at.connection.become("connected");
  return at;
}

const ANSWER = "v=0\r\na=fingerprint:sha-256 01:02";

test("when the network changes, ICE restarts on the same connection", async () => {
  const { session, connection, failures, offered, agreements } = await connected();
  session.restartIce();
  await offered(2);
  assert.equal(connection.restarts, 1);
  session.answered(2, ANSWER);
  await until(() => agreements() === 2, "the other agreement");
  await settled();
  assert.equal(FakeConnection.made.length, 1);
  assert.deepEqual(failures, []);
  session.close();
});

test("packets that stay away restart ICE, and the state says so until they are back", async () => {
  const { session, connection, offered } = await connected();
  assert.equal(session.state(), "connected");
  connection.become("disconnected");
  await offered(2);
  assert.equal(connection.restarts, 1);
  session.answered(2, ANSWER);
  connection.become("connecting");
  assert.equal(session.state(), "failed");
  connection.become("connected");
  assert.equal(session.state(), "connected");
  session.close();
});

test("a restart while an offer is under way follows it", async () => {
  const { session, offers, want, offered, agreements } = await connected();
  want(["a", "b"]);
  await offered(2);
  session.restartIce();
  await settled();
  assert.equal(offers.length, 2);
  session.answered(2, ANSWER);
  await offered(3);
  session.answered(3, ANSWER);
  await until(() => agreements() === 3, "all to be agreed");
  await settled();
  assert.equal(offers.length, 3);
  session.close();
});

test("a restart without a way to the server waits for it", async () => {
  const { session, offers, want, offered } = await connected();
  want(["a"], false);
  session.restartIce();
  await settled();
  assert.equal(offers.length, 1);
  want(["a"]);
  await offered(2);
  session.close();
});

test("before the first answer there is nothing to restart", async () => {
  const { session, connection, offers, want, offered } = world();
  want(["a"]);
  await offered(1);
  session.restartIce();
  session.answered(1, ANSWER);
  await settled();
  assert.deepEqual([connection.restarts, offers.length], [0, 1]);
  session.close();
});

test("an answer of another session: the server had ended this one, and a new connection is needed", async () => {
  const { session, failures, offered } = await connected();
  session.restartIce();
  await offered(2);
  session.answered(2, "v=0\r\na=fingerprint:sha-256 03:04");
  await until(() => failures.length > 0, "the session to end");
  assert.deepEqual(failures, ["connection"]);
  session.close();
});

test("TURN servers are set for the first offer, and again, with fresh credentials, when ICE restarts", async () => {
  const { session, connection, want, offered, useTurn, agreements } = world();
  const servers = (username: string) => [{ urls: ["turn:a"], username, credential: "c" }];
  const user = () => connection.configuration.iceServers?.[0]?.username;
  useTurn(servers("first"));
  want(["a"]);
  await offered(1);
  assert.equal(user(), "first");
  assert.equal(connection.configuration.bundlePolicy, "max-bundle");
  session.answered(1, "v=0");
  await until(() => agreements() === 1, "the first to be agreed");
  useTurn(servers("second"));
  want(["a", "b"]);
  await offered(2);
  assert.equal(user(), "first", "other servers would restart ICE");
  session.answered(2, "v=0");
  await until(() => agreements() === 2, "the second to be agreed");
  session.restartIce();
  await offered(3);
  assert.equal(user(), "second");
  session.close();
});

test("without TURN servers the connection is configured as ever", async () => {
  const { session, connection, want, offered } = world();
  want(["a"]);
  await offered(1);
  assert.deepEqual(connection.configuration, { bundlePolicy: "max-bundle" });
  session.close();
});
