// Whom to trust: marks that stay, names that come with another key, numbers and emoji to compare.
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

/** Waits until somebody's tile has this mark. */
async function sees(person, name, mark) {
  await person.until(
    `the mark ${mark} on ${name}'s tile`,
    (wantedName, wantedMark) =>
      [...document.querySelectorAll("li.tile")].some(
        tile =>
          tile.querySelector(".name-text").textContent === wantedName &&
          tile.querySelector("[data-mark]")?.dataset.mark === wantedMark,
      ),
    name,
    mark,
  );
}

test("a number that was said to differ does so until it is taken back, whoever comes", async () => {
  const link = `${server.url}/r/differs`;
  const ada = await Person.open(browser, link);
  await ada.joinCall("Ada");
  const grace = await Person.open(browser, link);
  await grace.joinCall("Grace");
  await ada.until("Grace", () => document.querySelectorAll("li.tile").length === 2);
  await ada.locks("Encrypted, but the link does not protect this room: anyone can join.");
  await ada.openVerify();
  await ada.click("A number differs");
  await closeDialog(ada);
  await ada.locks("The number differs: somebody may be in between. Say nothing private.");
  const differs = () => ada.page.$eval(".lock", lock => lock.dataset.protection === "differs");
  assert.equal(await differs(), true);
  await grace.close();
  await ada.until("to be alone", () => document.querySelectorAll("li.tile").length === 1);
  assert.equal(await differs(), true);
  await ada.openVerify();
  await ada.click("It was the same after all");
  await closeDialog(ada);
  assert.equal(await differs(), false);
  await ada.close();
});

const dialogText = person => person.page.$eval("dialog", dialog => dialog.innerText);

async function closeDialog(person) {
  await person.page.keyboard.press("Escape");
  await person.until("the dialog to close", () => document.querySelector("dialog") === null);
}

/** A room in which Grace has signed something, so that `lin` can take her for confirmed. */
async function graceConfirmed(room, more) {
  const link = `${server.url}/r/${room}`;
  const ada = await Person.open(browser, link);
  await ada.joinCall("Ada");
  const grace = await Person.open(browser, link);
  await grace.joinCall("Grace");
  await ada.until("Grace", () => document.querySelectorAll("li.tile").length === 2);
  const lin = await Person.open(browser, link, more);
  await lin.joinCall("Lin");
  await grace.until("Lin", () => document.querySelectorAll("li.tile").length === 3);
  // Ada's removal is Grace's to commit.
  await ada.click("Leave call");
  await ada.close();
  await lin.until("to be two", () => document.querySelectorAll("li.tile").length === 2);
  return { link, grace, lin };
}

test("a mark shows on tile and list, stays for the next call, and can be taken back", async () => {
  const { link, grace, lin } = await graceConfirmed("marks");
  await sees(lin, "Grace", "new");
  await lin.openVerify();
  assert.match(await dialogText(lin), /Never met on this device/);
  await lin.click("Mark as verified: Grace");
  await lin.until("the words", () => /You verified “Grace” on/.test(document.body.innerText));
  await closeDialog(lin);
  await sees(lin, "Grace", "verified");
  const label = await lin.page.$eval("li.tile:not([data-own=true])", tile => tile.ariaLabel);
  assert.equal(label, "Grace, verified");
  await lin.locks("Encrypted, and you have verified everyone here.");

  await lin.page.goto(link);
  await lin.joinCall("Lin");
  await sees(lin, "Grace", "verified");
  await lin.openVerify();
  // Ada was met in the call before.
  await lin.until("what changed", () =>
    /Not here: Ada/.test(document.querySelector("[data-testid=last-time]")?.textContent),
  );
  await lin.click("Take back mark: Grace");
  await lin.until("the words", () => /first on/.test(document.querySelector("dialog").innerText));
  await closeDialog(lin);
  await sees(lin, "Grace", "seen");
  assert.deepEqual([...lin.errors, ...grace.errors], []);
  await Promise.all([grace.close(), lin.close()]);
});

test("a known name with another key is warned of, and so are two with one name", async () => {
  const { link, grace, lin } = await graceConfirmed("names");
  await sees(lin, "Grace", "new");

  // Another device, while Grace is here.
  const mallory = await Person.open(browser, link);
  await mallory.joinCall("GRACE");
  await Promise.all([sees(lin, "GRACE", "warning"), sees(lin, "Grace", "warning")]);
  // In the order of their leaves: the newcomer has the one that was Ada's.
  await lin.locks("Encrypted. Check who GRACE and Grace are.");
  await lin.openVerify();
  assert.match(await dialogText(lin), /Two people in this call are called “GRACE”/);
  await lin.click("Mark as verified: Grace");
  await lin.until("the words", () => /The other one is verified/.test(document.body.innerText));
  await closeDialog(lin);
  await Promise.all([sees(lin, "GRACE", "warning"), sees(lin, "Grace", "verified")]);

  // And after she has left.
  await grace.click("Leave call");
  await lin.until("Grace to be gone", () => document.querySelectorAll("li.tile").length === 2);
  await sees(lin, "GRACE", "warning");
  await lin.openVerify();
  const words = await dialogText(lin);
  assert.match(words, /You verified “Grace” with another key than this one/);
  assert.match(words, /before you say anything private/);
  await closeDialog(lin);
  assert.deepEqual([...lin.errors, ...mallory.errors], []);
  await Promise.all([grace.close(), lin.close(), mallory.close()]);
});

test("where nothing can be stored everything works, and marks are said to go", async () => {
  const noStorage = `
    Object.defineProperty(window, "localStorage", {
      get() { throw new DOMException("denied", "SecurityError"); },
    });`;
  const { grace, lin } = await graceConfirmed("nostore", noStorage);
  await lin.openVerify();
  assert.match(await dialogText(lin), /keeps nothing/);
  await lin.click("Mark as verified: Grace");
  await closeDialog(lin);
  await sees(lin, "Grace", "verified");
  assert.deepEqual([...lin.errors, ...grace.errors], []);
  await Promise.all([grace.close(), lin.close()]);
});

test("the dialog is used with the keyboard alone, and everything in it has a name", async () => {
  const { grace, lin } = await graceConfirmed("keys");
  await lin.page.focus('aria/Verify[role="button"]');
  await lin.page.keyboard.press("Enter");
  await lin.page.waitForSelector("dialog[open]");
  const reached = [];
  for (let presses = 0; presses < 12; presses++) {
    const name = await lin.page.evaluate(() => {
      const { activeElement } = document;
      return document.querySelector("dialog").contains(activeElement)
        ? (activeElement.ariaLabel ?? activeElement.textContent.trim())
        : "";
    });
    reached.push(name);
    if (name === "Show as a QR code") await lin.page.keyboard.press("Enter");
    if (name === "Mark as verified: Grace") break;
    await lin.page.keyboard.press("Tab");
  }
  assert.ok(reached.includes("Compare emoji"), reached.join(" | "));
  assert.equal(reached.at(-1), "Mark as verified: Grace", reached.join(" | "));
  await lin.page.keyboard.press("Enter");
  await lin.until("the mark", () => /You verified “Grace”/.test(document.body.innerText));
  await lin.page.waitForSelector("aria/QR code of the safety number");
  const focused = () => lin.page.evaluate(() => document.activeElement.ariaLabel);
  assert.equal(await focused(), "Take back mark: Grace", "the focus is where it was");
  await lin.page.keyboard.press("Enter");
  await lin.page.waitForSelector('aria/Mark as verified: Grace[role="button"]');
  assert.equal(await focused(), "Mark as verified: Grace");
  await closeDialog(lin);
  assert.equal(await lin.page.evaluate(() => document.activeElement.innerText.trim()), "Verify");
  await Promise.all([grace.close(), lin.close()]);
});

test("emoji are the same on all screens", async () => {
  const { grace, lin } = await graceConfirmed("emoji");
  await lin.openVerify();
  await lin.click("Compare emoji");
  await grace.until("to be told", () => document.body.innerText.includes("Lin compares emoji"));
  await grace.openVerify();
  const emoji = async person => {
    await person.page.waitForSelector("[data-testid=emoji]");
    return person.page.$$eval("[data-testid=emoji] li", items => items.map(li => li.innerText));
  };
  const [one, other] = await Promise.all([emoji(lin), emoji(grace)]);
  assert.equal(one.length, 6);
  assert.deepEqual(one, other);
  await Promise.all([grace.close(), lin.close()]);
});
