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
  await talkTogether(ada, grace);
  assert.deepEqual([...ada.errors, ...grace.errors], []);
  await Promise.all([ada.close(), grace.close()]);
});

/** What is beside sound and picture works between the two as well. */
async function talkTogether(ada, grace) {
  const pairs = [
    [ada, grace, "Hello Firefox"],
    [grace, ada, "Hello Chromium"],
  ];
  for (const [from, to, words] of pairs) {
    await from.click("Chat");
    await from.page.keyboard.type(words);
    await from.page.keyboard.press("Enter");
    await to.until("the unread mark", () => document.querySelector(".unread")?.innerText === "1");
    await to.click("Chat");
    await to.until(
      "the message",
      wanted => [...document.querySelectorAll(".message-text")].at(-1)?.innerText === wanted,
      words,
    );
    for (const person of [from, to]) await person.page.keyboard.press("Escape");

    await from.click("Raise hand");
    await to.until("the hand", () => document.querySelectorAll(".hand").length === 1);
    await from.click("Lower hand");
    await to.until("no hand", () => document.querySelector(".hand") === null);

    await from.click("React");
    await from.click("Applause");
    await to.until("the reaction", () => document.querySelector(".reaction")?.innerText === "👏");
    await Promise.all(
      [from, to].map(person =>
        person.until("its end", () => document.querySelector(".reaction") === null),
      ),
    );

    // Muted, the others see it and hear nothing; the inspector opens with its key.
    await from.page.keyboard.press("m");
    await to.until("the mark", () =>
      document.querySelector('li.tile[data-own="false"]').ariaLabel.includes("muted"),
    );
    await from.page.keyboard.press("m");
    await from.page.keyboard.press("i");
    await from.page.waitForSelector(".inspector");
    await from.page.keyboard.press("i");
    await from.until("it to close", () => document.querySelector(".inspector") === null);
  }
  await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);
}
