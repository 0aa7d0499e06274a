// The worker holds the keys. When it dies in the middle of a call, another one takes over: nothing leaves in clear, no
// counter is used twice, nobody reloads, and everybody is back in the call.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium, firefox } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { DEADLINE } from "../stories/lib/until.mjs";
import { assertSealed, tapped } from "./lib/sealed.mjs";
import { Server } from "./lib/server.mjs";
import { noteWorkers } from "./lib/workers.mjs";

const FRAMES = 100;
let folder, browser, other;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "tangelo-tap-"));
  [browser, other] = await Promise.all([chromium(), firefox()]);
});
after(async () => {
  await Promise.all([browser?.close(), other?.close()]);
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** How a worker dies, by who kills it: itself, a loop, the browser. */
const DEATHS = {
  ended: worker => worker.evaluate(() => self.close()),
  stuck: worker =>
    worker.evaluate(() => {
      for (;;);
    }),
  terminated: (_, page) => page.evaluate(() => window.workers.at(-1).terminate()),
};

for (const death of Object.keys(DEATHS)) {
  test(`a worker that is ${death} is replaced, and the call goes on for all`, () =>
    survives(browser, death));
}

test("the same in Firefox", () => survives(other, "terminated"));

async function survives(victims, death) {
  const tap = join(folder, `${death}-${victims === other}.pcap`);
  const server = await Server.startOnAll("--tap", tap);
  try {
    const ada = await Person.open(victims, server.url, noteWorkers);
    await ada.startCall("Ada");
    const grace = await Person.open(browser, ada.page.url());
    await grace.joinCall("Grace");
    const lin = await Person.open(browser, ada.page.url());
    await lin.joinCall("Lin");
    const all = [ada, grace, lin];
    await Promise.all(all.map(person => person.sees(3)));
    await Promise.all(all.map(person => person.hearsAndSees(2)));
    const number = await ada.number();
    for (const { page } of all) await page.evaluate(() => (window.loaded = "once"));
    const idOfAda = () => tileOf(grace, "Ada");
    const before = await idOfAda();

    // Who is dead does not answer.
    void DEATHS[death](await ada.worker(), ada.page).catch(() => undefined);
    await ada.until("another worker's call", () =>
      document.querySelector(".status").textContent.includes("Reconnecting"),
    );
    await Promise.all(all.map(person => person.sees(3)));
    await Promise.all(all.map(person => person.hearsAndSees(2)));
    assert.notEqual(await idOfAda(), before, "she has arrived anew");
    await sameNumber(ada, number);
    for (const { page } of all) assert.equal(await page.evaluate(() => window.loaded), "once");

    const sender = (await idOfAda()).slice(0, 6);
    const frames = await tapped(tap, "her frames after the death", seen => {
      const hers = seen.filter(frame => frame.sender === sender);
      return ["camera", "microphone"].every(
        source => hers.filter(frame => frame.source === source).length > FRAMES,
      );
    });
    assert.ok(frames.some(frame => frame.sender === before.slice(0, 6)));
    assertSealed(frames, 4);
    for (const person of all) {
      const { worker } = await person.stats();
      assert.equal(worker.frames.failed, 0);
      assert.deepEqual(person.errors, []);
      await person.close();
    }
  } finally {
    await server.stop();
  }
}

/** The same people have the same number, as soon as all of them are back. */
async function sameNumber(person, number) {
  const end = Date.now() + DEADLINE;
  for (;;) {
    const now = await person.number();
    if (now === number) return;
    assert.ok(Date.now() < end, `${now} instead of ${number}`);
    await new Promise(resolve => setTimeout(resolve, 500));
  }
}

function tileOf(person, name) {
  return person.page.$$eval(
    "li.tile",
    (tiles, name) =>
      tiles.find(tile => tile.querySelector(".name-text").textContent === name)?.dataset.client,
    name,
  );
}
