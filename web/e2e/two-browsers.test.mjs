// A call between Chromium and Firefox, with the network set-up that `tangelo serve` has by default.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium, firefox } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

let server, one, other;
before(async () => {
  server = await Server.startOnAll();
  [one, other] = await Promise.all([chromium(), firefox()]);
});
after(async () => {
  await Promise.all([one?.close(), other?.close()]);
  await server?.stop();
});

test("Chromium and Firefox see and hear each other", async () => {
  const ada = await Person.open(one, server.url);
  await ada.startCall("Ada");
  const link = ada.page.url();
  const grace = await Person.open(other, link);
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);
  assert.equal(await ada.number(), await grace.number());
  assert.deepEqual([...ada.errors, ...grace.errors], []);
  await Promise.all([ada.close(), grace.close()]);
});
