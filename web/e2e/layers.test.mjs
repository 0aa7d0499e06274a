// Layers of a camera: who sees a small picture gets a small one, and nobody sends what nobody sees.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium, firefox } from "./lib/browser.mjs";
import { noteConnections } from "./lib/connections.mjs";
import { Person, refusals } from "./lib/person.mjs";
import { DEADLINE } from "../stories/lib/until.mjs";
import { Server } from "./lib/server.mjs";

const LARGE = { width: 1280, height: 900 };
const SMALL = { width: 420, height: 420 };
/** So many frames are enough to see that a picture moves. */
const SOME = 10;

let server, browser;
before(async () => {
  server = await Server.startOnAll();
  browser = await chromium();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
const camera = lines => lines.find(({ use }) => use.source === "camera");

/** Frames of each layer that a person's camera has encoded so far, by name. */
async function encoded(person) {
  const { lines } = await person.stats();
  const layers = lines.filter(line => line.direction === "out" && line.use?.source === "camera");
  return new Map(layers.map(({ rid, frames }) => [rid, frames]));
}

/** Waits until exactly these layers are being encoded. */
async function sends(person, wanted) {
  const end = Date.now() + DEADLINE;
  for (;;) {
    const old = await encoded(person);
    await sleep(1_500);
    const now = await encoded(person);
    const moving = [...now].flatMap(([rid, frames]) => (frames > (old.get(rid) ?? 0) ? [rid] : []));
    if (moving.toSorted().join() === wanted.toSorted().join()) return;
    assert.ok(Date.now() < end, `sends ${moving}, not ${wanted}`);
  }
}

/** Waits until the picture of the one other person is as tall as `fits` says, and moves. */
async function gets(person, what, fits) {
  const { lines } = await person.receives(what, all => fits(camera(all)?.height ?? 0));
  const { frames } = camera(lines);
  await person.receives(`${what}, and it moves`, all => camera(all).frames >= frames + SOME);
  await person.until(
    `${what} on the screen`,
    () => document.querySelector('li.tile[data-own="false"] video.live')?.videoHeight > 0,
  );
}

/** Nothing was refused, and every picture of every layer could be opened. */
async function lostNothing(person) {
  const { worker } = await person.stats();
  for (const line of worker.core.receivers) assert.deepEqual(refusals(line), []);
  assert.equal(worker.frames.failed, 0);
  assert.deepEqual(person.errors, []);
}

async function meet(first, second) {
  const ada = await Person.open(first, server.url, noteConnections, LARGE);
  await ada.startCall("Ada");
  const grace = await Person.open(second, ada.page.url(), noteConnections, LARGE);
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  return [ada, grace];
}

/** A large tile gets the large layer, a small one a small one, an unseen one nothing; and the sender follows. */
async function follows(ada, grace) {
  await gets(grace, "a large picture", height => height >= 400);
  await grace.page.setViewport(SMALL);
  await gets(grace, "a smaller picture", height => height > 0 && height <= 240);
  await sends(ada, ["l"]);
  await grace.page.setViewport(LARGE);
  await gets(grace, "a large picture again", height => height >= 400);
  await lostNothing(grace);
}

test("a tile that shrinks gets a smaller layer, one that grows a larger, and the others are paused at the sender", async () => {
  const [ada, grace] = await meet(browser, browser);
  await follows(ada, grace);

  // In a small tile one layer is left, in none at all no picture; sound goes on.
  await grace.tick("Sound only");
  await sends(ada, []);
  await grace.receives("sound", all => all.some(line => line.audioEnergy > 0));
  await grace.tick("Everything");
  await gets(grace, "a picture again", height => height > 0);
  await Promise.all([ada.close(), grace.close()]);
});

test("one who sees somebody small takes nothing from one who sees them large", async () => {
  const [ada, grace] = await meet(browser, browser);
  const heidi = await Person.open(browser, ada.page.url(), noteConnections, SMALL);
  await heidi.joinCall("Heidi");
  await Promise.all([ada, grace, heidi].map(person => person.sees(3)));
  const layers = async person => {
    const { lines } = await person.receives("two cameras", all => {
      const cameras = all.filter(({ use, height }) => use.source === "camera" && height > 0);
      return cameras.length === 2;
    });
    return lines.filter(({ use }) => use.source === "camera").map(({ height }) => height);
  };
  const end = Date.now() + DEADLINE;
  for (;;) {
    const [large, small] = [Math.min(...(await layers(grace))), Math.max(...(await layers(heidi)))];
    if (large >= 300 && small <= 240) break;
    assert.ok(Date.now() < end, `${large} and ${small}`);
    await sleep(500);
  }
  await Promise.all([grace.hearsAndSees(2), heidi.hearsAndSees(2)]);
  await Promise.all([lostNothing(grace), lostNothing(heidi)]);
  await Promise.all([ada, grace, heidi].map(person => person.close()));
});

test("Firefox sends layers too", async () => {
  const other = await firefox();
  try {
    const [ada, grace] = await meet(other, browser);
    await follows(ada, grace);
    await Promise.all([ada.close(), grace.close()]);
  } finally {
    await other.close();
  }
});
