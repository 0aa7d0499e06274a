// No frame between those who are in a call is lost while somebody comes and goes. Cameras are sent in one layer here: of
// several layers the server forwards one, so that what was sealed says nothing of what is to be opened.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { noteConnections } from "./lib/connections.mjs";
import { Person, refusals } from "./lib/person.mjs";
import { DEADLINE } from "../stories/lib/until.mjs";
import { Server } from "./lib/server.mjs";

/** Runs in a page before its scripts: cameras have one layer, and `window.silent` keeps every encoder still. */
const BEFORE = `${noteConnections}; (${simplify})();`;

/** So often the call may lose packets on its way through UDP, which says nothing about keys. */
const TRIES = 3;
/** So often in a row nothing new has to be sealed or opened to take it for quiet. */
const QUIET_READINGS = 4;
const READING_EVERY_MS = 500;
let server, browser;
before(async () => {
  server = await Server.start();
  browser = await chromium();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

function simplify() {
  const { addTransceiver } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.addTransceiver = function (track, { sendEncodings, ...init } = {}) {
    return addTransceiver.call(this, track, init);
  };
  const { setParameters } = RTCRtpSender.prototype;
  RTCRtpSender.prototype.setParameters = function (parameters, ...rest) {
    if (window.silent) for (const encoding of parameters.encodings) encoding.active = false;
    return setParameters.call(this, parameters, ...rest);
  };
}

test("a third person's coming and going loses no frame of the other two", async () => {
  for (let tries = 1; ; tries++) {
    const packetsLost = await comeAndGo();
    if (packetsLost === 0) return;
    assert.ok(tries < TRIES, `the network lost packets each time, at last ${packetsLost}`);
  }
});

/** Returns how many packets the network lost if frames are missing, and 0 if none is. */
async function comeAndGo() {
  const ada = await Person.open(browser, server.url, BEFORE);
  await ada.startCall("Ada");
  const grace = await Person.open(browser, ada.page.url(), BEFORE);
  await grace.joinCall("Grace");
  const two = [ada, grace];
  await Promise.all(two.map(person => person.sees(2)));
  await Promise.all(two.map(person => person.hearsAndSees(1)));
  // What was sealed before the other was there to open it does not count.
  const first = await quiet(two);
  await Promise.all(two.map(person => send(person, true)));

  for (const name of ["Lin", "Mae"]) {
    const third = await Person.open(browser, ada.page.url());
    await third.joinCall(name);
    await Promise.all([...two, third].map(person => person.sees(3)));
    await third.click("Leave call");
    await Promise.all(two.map(person => person.sees(2)));
    await Promise.all(two.map(person => person.hearsAndSees(1)));
    await third.close();
  }

  await Promise.all(two.map(person => send(person, false)));
  const packetsLost = await allOpened(two, first);
  for (const person of two) {
    assert.deepEqual(person.errors, []);
    await person.close();
  }
  return packetsLost;
}

/**
 * Waits, while nobody sends, until each has opened all that the other has sealed since `first`. Returns how many
 * packets were lost if that does not come.
 */
async function allOpened(two, first) {
  const end = Date.now() + DEADLINE;
  for (;;) {
    const now = await Promise.all(two.map(count));
    const [own, others] = two.map((_, index) => difference(first[index], now[index]));
    const all = JSON.stringify({ own, others });
    for (const person of [own, others]) {
      assert.equal(person.unsealed, 0, `frames without a key: ${all}`);
      assert.equal(person.dropped, 0, `frames that were not opened: ${all}`);
      assert.ok(person.sealed > 200, all);
    }
    if (own.opened >= others.sealed && others.opened >= own.sealed) return 0;
    if (Date.now() > end) {
      const packetsLost = await lossesSince(two, first);
      assert.ok(packetsLost > 0, `frames are missing, and the network lost nothing: ${all}`);
      return packetsLost;
    }
    await sleep(READING_EVERY_MS);
  }
}

/** That the last packets were lost shows only when others come after them. */
async function lossesSince(two, first) {
  await Promise.all(two.map(person => send(person, true)));
  await Promise.all(two.map(person => person.hearsAndSees(1)));
  const after = await Promise.all(two.map(count));
  return sum(two.map((_, index) => difference(first[index], after[index]).packetsLost));
}

/** Stops sending, and returns what was counted when all that was under way has come. */
async function quiet(two) {
  await Promise.all(two.map(person => send(person, false)));
  const end = Date.now() + DEADLINE;
  let last = "";
  for (let same = 0; ;) {
    const counts = await Promise.all(two.map(count));
    same = JSON.stringify(counts) === last ? same + 1 : 0;
    if (same === QUIET_READINGS) return counts;
    assert.ok(Date.now() < end, `frames without an end: ${last}`);
    last = JSON.stringify(counts);
    await sleep(READING_EVERY_MS);
  }
}

/** Whether a person's encoders run, all else being as it is. */
async function send(person, active) {
  await person.page.evaluate(async active => {
    window.silent = !active;
    const senders = window.connections.at(-1).getSenders();
    for (const sender of senders.filter(({ track }) => track !== null)) {
      const parameters = sender.getParameters();
      for (const encoding of parameters.encodings) encoding.active = active;
      await sender.setParameters(parameters);
    }
  }, active);
}

/** What a person has sealed, and opened of the other who was there first. */
async function count(person) {
  const { worker, lines } = await person.stats();
  const { frames, core } = worker;
  const [other] = [...new Set(core.receivers.map(({ client }) => client))];
  const theirs = core.receivers.filter(({ client }) => client === other);
  const incoming = lines.filter(({ use }) => use?.type === "receive" && use.client === other);
  return {
    sealed: frames.sealed,
    unsealed: frames.waitingForKey + frames.failed + frames.unknownCodec,
    opened: sum(theirs.map(({ opened }) => opened)),
    dropped: sum(theirs.flatMap(line => refusals(line).map(([, number]) => number))),
    packetsLost: sum(incoming.map(({ packetsLost }) => packetsLost)),
  };
}

const sum = numbers => numbers.reduce((total, number) => total + number, 0);

function difference(before, after) {
  return Object.fromEntries(Object.keys(after).map(name => [name, after[name] - before[name]]));
}

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
