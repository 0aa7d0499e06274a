// The server is killed and started again: the call goes on, for everyone in it.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

let folder, server, browser, ada, grace;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "tangelo-store-"));
  server = await Server.start("--store", folder);
  browser = await chromium();
  ada = await Person.open(browser, server.url);
  await ada.startCall("Ada");
  grace = await Person.open(browser, ada.page.url());
  await grace.joinCall("Grace");
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const clients = person =>
  person.page.$$eval("li.tile", tiles => tiles.map(tile => tile.dataset.client).sort());

test("after kill -9 and a start both go on in the same call", async () => {
  await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);
  const known = [await ada.number(), await clients(ada), await clients(grace)];
  // Whoever is thrown out of the group, or sees a call end, is found however short that is.
  for (const { page } of [ada, grace]) {
    await page.evaluate(() => {
      window.tiles = [];
      const note = () => window.tiles.push(document.querySelectorAll("li.tile").length);
      new MutationObserver(note).observe(document.body, { childList: true, subtree: true });
    });
  }
  await server.kill();
  server = await server.again();
  await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);
  await Promise.all([ada.sees(2), grace.sees(2)]);
  assert.deepEqual([await ada.number(), await clients(ada), await clients(grace)], known);
  assert.equal(await grace.number(), known[0]);
  for (const { page } of [ada, grace]) {
    const tiles = await page.evaluate(() => window.tiles);
    assert(
      tiles.every(count => count === 2),
      `nobody was missing in between: ${tiles}`,
    );
  }
});

test("and people come and go as before", async () => {
  const third = await Person.open(browser, ada.page.url());
  await third.joinCall("Edsger");
  await Promise.all([ada, grace, third].map(person => person.sees(3)));
  await Promise.all([ada, grace, third].map(person => person.hearsAndSees(2)));
  await third.click("Leave call");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  await third.close();
});
