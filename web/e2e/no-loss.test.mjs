// No frame between those who are in a call is lost while somebody comes and goes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

/** Frames that may be on their way while the counters are read, one after the other. */
const UNDER_WAY = 50;
let server, browser;
before(async () => {
  server = await Server.start();
  browser = await chromium();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("a third person's coming and going loses no frame of the other two", async () => {
  const ada = await Person.open(browser, server.url);
  await ada.startCall("Ada");
  const grace = await Person.open(browser, ada.page.url());
  await grace.joinCall("Grace");
  const two = [ada, grace];
  await Promise.all(two.map(person => person.sees(2)));
  await Promise.all(two.map(person => person.hearsAndSees(1)));
  const first = await Promise.all(two.map(count));

  for (const name of ["Lin", "Mae"]) {
    const third = await Person.open(browser, ada.page.url());
    await third.joinCall(name);
    await Promise.all([...two, third].map(person => person.sees(3)));
    await third.click("Leave call");
    await Promise.all(two.map(person => person.sees(2)));
    await Promise.all(two.map(person => person.hearsAndSees(1)));
    await third.close();
  }

  const last = await Promise.all(two.map(count));
  const passed = two.map((_, index) => difference(first[index], last[index]));
  const [own, others] = passed;
  for (const [sender, receiver] of [
    [own, others],
    [others, own],
  ]) {
    const all = JSON.stringify({ sender, receiver });
    assert.equal(sender.unsealed, 0, `frames without a key: ${all}`);
    assert.equal(receiver.dropped, 0, `frames that were not opened: ${all}`);
    assert.equal(receiver.packetsLost, 0, `packets lost: ${all}`);
    assert.ok(sender.sealed > 200, all);
    assert.ok(Math.abs(sender.sealed - receiver.opened) < UNDER_WAY, all);
  }
  for (const person of two) {
    assert.deepEqual(person.errors, []);
    await person.close();
  }
});

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
    dropped: sum(theirs.flatMap(({ dropped }) => dropped.map(([, number]) => number))),
    packetsLost: sum(incoming.map(({ packetsLost }) => packetsLost)),
  };
}

const sum = numbers => numbers.reduce((total, number) => total + number, 0);

function difference(before, after) {
  return Object.fromEntries(Object.keys(after).map(name => [name, after[name] - before[name]]));
}
