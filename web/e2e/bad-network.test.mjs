// A receiver whose network becomes narrow: it gets smaller pictures and goes on hearing, and large ones when it can again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { noteConnections } from "./lib/connections.mjs";
import { Person } from "./lib/person.mjs";
import { DEADLINE } from "../stories/lib/until.mjs";
import { Relay } from "./lib/relay.mjs";
import { Server } from "./lib/server.mjs";

const VIEW = { width: 1280, height: 900 };
const WIDE = 5_000_000;
/** Sound and the smallest picture have room in it. */
const NARROW = 300_000;
/** Packets of sound that are watched: 10 s of it. */
const SOUNDS = 500;

let server, relay, browser, ada, grace;
before(async () => {
  server = await Server.start();
  relay = await Relay.before(Number(/UDP 127\.0\.0\.1:(\d+)/.exec(server.log)[1]));
  browser = await chromium();
  ada = await Person.open(browser, server.url, noteConnections, VIEW);
  await ada.startCall("Ada");
  relay.rate = WIDE;
  grace = await Person.open(browser, ada.page.url(), `${noteConnections}; ${relay.hook()}`, VIEW);
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
  relay?.close();
});

const camera = lines => lines.find(({ use }) => use.source === "camera");

/** What a person has got of the other's sound. */
async function sound(person) {
  return person.page.evaluate(async () => {
    const report = await window.connections.at(-1).getStats();
    const all = [...report.values()];
    const line = all.find(({ type, kind }) => type === "inbound-rtp" && kind === "audio");
    const { packetsReceived, packetsLost, concealedSamples, totalSamplesReceived } = line;
    return { packetsReceived, packetsLost, concealedSamples, totalSamplesReceived };
  });
}

async function picture(what, fits) {
  await grace.receives(what, all => fits(camera(all)?.height ?? 0));
}

test("under a narrow link sound stays fluent and the picture becomes small, until there is room again", async () => {
  await picture("a large picture", height => height >= 540);
  relay.rate = NARROW;
  await picture("a small picture", height => height > 0 && height <= 180);

  const before = await sound(grace);
  const end = Date.now() + DEADLINE;
  let now = before;
  while (now.packetsReceived - before.packetsReceived < SOUNDS) {
    assert.ok(Date.now() < end, `sound stands still: ${JSON.stringify({ before, now })}`);
    await new Promise(resolve => setTimeout(resolve, 250));
    now = await sound(grace);
  }
  const grown = name => now[name] - before[name];
  const words = JSON.stringify({ before, now, dropped: relay.dropped });
  assert.ok(grown("packetsLost") <= SOUNDS / 20, words);
  assert.ok(grown("concealedSamples") <= grown("totalSamplesReceived") / 5, words);

  relay.rate = WIDE;
  await picture("a large picture again", height => height >= 540);
  await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);
  assert.deepEqual([...ada.errors, ...grace.errors], []);
});
