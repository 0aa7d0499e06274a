// What the core warns of is in view until the person has seen it, whatever the server has the page say meanwhile.
// (That the core warns when a server splits a call is tested in crates/call.)
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";
import { mute, noteWorkers, posted, pretend } from "./lib/workers.mjs";

const ALARM = "Not everyone in this call saw the same call.";
let server, browser;
before(async () => {
  server = await Server.start();
  browser = await chromium();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Waits until an element with these words is in view, and nothing else is in front of it. */
function reads(person, selector, words) {
  return person.until(
    `to read ${words} in ${selector}`,
    (selector, words) => {
      const element = document.querySelector(selector);
      if (!element?.textContent.includes(words)) return false;
      const { left, top, width, height } = element.getBoundingClientRect();
      const inFront = document.elementFromPoint(left + width / 2, top + height / 2);
      return inFront !== null && element.contains(inFront);
    },
    selector,
    words,
  );
}

const gone = (person, selector) =>
  person.until(`${selector} to be gone`, wanted => !document.querySelector(wanted), selector);

/** In a call, in which nothing more happens than what is pretended. */
async function alone() {
  const ada = await Person.open(browser, server.url, noteWorkers);
  await ada.startCall("Ada");
  await ada.sees(1);
  await mute(ada);
  return ada;
}

test("an alarm is in view until it is dismissed, in dialogs too, and after the call", async () => {
  const ada = await alone();
  await pretend(ada, { type: "alarm", text: ALARM });
  await reads(ada, "[role=alert]", ALARM);
  await ada.locks("Something interfered with this call. Read the warning.");
  assert.deepEqual(await ada.reported("alarm"), [{ what: "alarm", message: ALARM }]);

  await pretend(ada, { type: "notice", text: "All is well." });
  await ada.until("the toast", () => document.querySelector(".toast") !== null);
  await reads(ada, "[role=alert]", ALARM);
  await gone(ada, ".toast");
  await reads(ada, "[role=alert]", ALARM);

  await ada.openVerify();
  await ada.page.$eval("dialog", dialog => dialog.scrollTo(0, dialog.scrollHeight));
  await reads(ada, "dialog [role=alert]", ALARM);
  await ada.click("Forget this device's identity");
  await reads(ada, "dialog.forget [role=alert]", ALARM);
  await ada.page.keyboard.press("Escape");
  await gone(ada, "dialog.forget");
  await ada.click("I have seen this");
  await gone(ada, "[role=alert]");
  assert.ok(
    await ada.page.evaluate(() =>
      document.querySelector("dialog").contains(document.activeElement),
    ),
    "the keyboard is still in the dialog",
  );
  await ada.page.keyboard.press("Escape");
  await gone(ada, "dialog");

  await pretend(ada, { type: "alarm", text: ALARM });
  await pretend(ada, { type: "ended", text: "The server has closed the call." });
  await reads(ada, "[role=alert] h1", "The call has ended for you");
  await reads(ada, ".alarm[role=alert]", ALARM);
  assert.deepEqual(ada.errors, []);
  await ada.close();
});

test("a person in doubt has words on the tile and in the list", async () => {
  const ada = await alone();
  const roster = (await posted(ada))
    .map(({ event }) => event)
    .findLast(event => event?.type === "roster");
  const [own] = roster.people;
  const grace = { ...own, client: "0".repeat(32), name: "Grace", own: false, confirmed: true };
  grace.identity = "0".repeat(64);
  for (const [doubt, words] of [
    [{ silent: true }, "Not heard from for a while"],
    [{ elsewhere: true }, "Sees another call than you"],
  ]) {
    await pretend(ada, { ...roster, people: [own, { ...grace, ...doubt }] });
    await reads(ada, ".tile .doubt", words.toLowerCase());
    await ada.locks("Be careful: Grace may not hear what you hear.");
    await ada.openVerify();
    const inList = await ada.page.waitForSelector("dialog [data-doubt]");
    await inList.evaluate(element => element.scrollIntoView({ block: "center" }));
    await reads(ada, "dialog [data-doubt]", words);
    await ada.page.keyboard.press("Escape");
    await gone(ada, "dialog");
  }
  await pretend(ada, { ...roster, people: [own, grace] });
  await gone(ada, ".doubt");
  await ada.close();
});

test("who does not get back into the call is told what to do", async () => {
  const ada = await alone();
  await pretend(ada, { type: "phase", phase: "reconnecting" });
  await reads(ada, ".status", "Reconnecting");
  await reads(ada, ".status", "leave and join again");
  await ada.close();
});
