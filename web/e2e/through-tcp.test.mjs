// A network that lets no UDP through: sound and picture take TCP, of themselves.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium, firefox } from "./lib/browser.mjs";
import { noteConnections } from "./lib/connections.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

let browser;
before(async () => {
  browser = await chromium();
});
after(() => browser?.close());

/** Of the pair of candidates in use: how packets travel, by this side's word and by the server's. */
function ways(person) {
  return person.page.evaluate(async () => {
    const report = await window.connections.at(-1).getStats();
    const transports = [...report.values()].filter(each => each.type === "transport");
    return transports
      .map(transport => report.get(transport.selectedCandidatePairId))
      .flatMap(pair => [pair.localCandidateId, pair.remoteCandidateId])
      .map(id => report.get(id).protocol);
  });
}

async function call(server, others) {
  const ada = await Person.open(browser, server.url, noteConnections);
  await ada.startCall("Ada");
  const grace = await Person.open(others, ada.page.url(), noteConnections);
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);
  return [ada, grace];
}

async function over(people) {
  for (const person of people) assert.deepEqual(person.errors, []);
  await Promise.all(people.map(person => person.close()));
}

test("where there is no UDP, two Chromiums hear and see each other over TCP", async () => {
  const server = await Server.start("--media-port", "off", "--media-tcp-port", "0");
  try {
    const people = await call(server, browser);
    for (const person of people) {
      const found = await ways(person);
      assert.ok(found.length > 0 && found.every(way => way === "tcp"), `${found}`);
    }
    await over(people);
  } finally {
    await server.stop();
  }
});

test("where there is UDP, it is used, though TCP is there as well", async () => {
  const server = await Server.start("--media-tcp-port", "0");
  try {
    const people = await call(server, browser);
    for (const person of people) {
      const found = await ways(person);
      assert.ok(found.length > 0 && found.every(way => way === "udp"), `${found}`);
    }
    await over(people);
  } finally {
    await server.stop();
  }
});

test("a Firefox comes through TCP as well", async () => {
  const fox = await firefox();
  // Firefox opens no TCP connection to a loopback address.
  const server = await Server.startOnAll("--media-port", "off", "--media-tcp-port", "0");
  try {
    await over(await call(server, fox));
  } finally {
    await server.stop();
    await fox.close();
  }
});
