// A member's clock decides nothing: not who is let in, and not whose commit counts.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

let server, browser;
before(async () => {
  server = await Server.start();
  browser = await chromium();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("members whose clocks say 1970 and 2100 join, are committed to, and commit", async () => {
  const ada = await Person.open(browser, server.url);
  await ada.startCall("Ada");
  const link = ada.page.url();
  const early = await joinsIn(link, "Early", 1970);
  await Promise.all([ada, early].map(person => person.sees(2)));
  const late = await joinsIn(link, "Late", 2100);
  await Promise.all([ada, early, late].map(person => person.sees(3)));
  await Promise.all([ada, early, late].map(person => person.hearsAndSees(2)));

  // The leaves are taken from the left: whoever stays longest commits next.
  await ada.click("Leave call");
  await Promise.all([early, late].map(person => person.sees(2)));
  const grace = await Person.open(browser, link);
  await grace.joinCall("Grace");
  await Promise.all([early, late, grace].map(person => person.sees(3)));
  await early.click("Leave call");
  await Promise.all([late, grace].map(person => person.sees(2)));
  await grace.click("Leave call");
  await late.sees(1);
  const lin = await Person.open(browser, link);
  await lin.joinCall("Lin");
  await Promise.all([late, lin].map(person => person.sees(2)));
  await Promise.all([late, lin].map(person => person.hearsAndSees(1)));
  assert.equal(await late.number(), await lin.number());

  for (const person of [late, lin]) {
    const { worker } = await person.stats();
    assert.deepEqual(worker.core.losses, [], "nobody had to arrive anew");
    assert.deepEqual(worker.core.refused, []);
  }
  for (const person of [ada, early, late, grace, lin]) {
    assert.deepEqual(person.errors, []);
    await person.close();
  }
});

/** Somebody in whose worker, where the cryptography is, it is New Year of another year. */
async function joinsIn(link, name, year) {
  const person = await Person.open(browser, link);
  await person.page.waitForSelector("aria/Your name");
  const worker = await person.worker();
  await worker.evaluate(year => {
    const Real = Date;
    const shift = Real.UTC(year, 0, 1) - Real.now();
    self.Date = class extends Real {
      constructor(...parts) {
        super(...(parts.length > 0 ? parts : [Real.now() + shift]));
      }

      static now() {
        return Real.now() + shift;
      }
    };
  }, year);
  await person.joinCall(name);
  assert.equal(await worker.evaluate(() => new Date().getUTCFullYear()), year);
  return person;
}
