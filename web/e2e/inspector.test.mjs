// The inspector: what it shows of a real call agrees with that call, and no secret of the page is in it.
//
// TANGELO_SHOTS  a folder for pictures of every tab, to be looked at; without it none are made
import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { DEADLINE } from "../stories/lib/until.mjs";
import { Server } from "./lib/server.mjs";

const shots = process.env.TANGELO_SHOTS;
let server, browser;
before(async () => {
  server = await Server.start();
  browser = await chromium();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const open = async person => {
  await person.page.keyboard.press("i");
  await person.page.waitForSelector("dialog.inspector [data-testid=epoch]");
};
const choose = async (person, tab) => {
  await (await person.page.waitForSelector(`aria/${tab}[role="tab"]`)).click();
};
const number = (person, selector) =>
  person.page.$eval(selector, element => Number(element.textContent.replace(/\D/g, "")));
const inspect = person =>
  person.page.evaluate(async () => (await window.tangelo.stats()).worker.core);
const shoot = async (person, name) => {
  if (shots) await person.page.screenshot({ path: join(shots, `inspector-${name}.png`) });
};

test("two people: tree, log, frames, lines, and an export without a secret", async () => {
  const ada = await Person.open(browser, server.url, undefined, { width: 1280, height: 800 });
  await ada.startCall("Ada Lovelace");
  const link = ada.page.url();
  const grace = await Person.open(browser, link);
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  await ada.hearsAndSees(1);
  assert.equal(await ada.page.$("dialog.inspector"), null, "closed until somebody wants it");

  await open(ada);
  const leaves = await ada.page.$$eval("[data-testid=tree] [data-leaf]", all =>
    all.map(leaf => leaf.getAttribute("data-leaf")),
  );
  assert.deepEqual(leaves, ["0", "1"]);
  const rows = await ada.page.$$eval("[data-testid=members] tbody th", all =>
    all.map(cell => cell.textContent),
  );
  assert.deepEqual(rows, ["Ada Lovelace (you)", "Grace"]);
  // A rekey may come between two looks.
  await ada.until("an epoch that is the group's", async () => {
    const before = (await window.tangelo.stats()).worker.core.epoch;
    const shown = Number(document.querySelector("[data-testid=epoch]").textContent);
    return shown === before && before > 0;
  });
  await shoot(ada, "group");

  await choose(ada, "Log");
  await ada.page.waitForSelector("[data-testid=log] [data-seq]");
  const newest = await ada.page.$eval("[data-testid=log] [data-seq]", row =>
    Number(row.dataset.seq),
  );
  // Whoever comes leaves at least three entries.
  const lin = await Person.open(browser, link);
  await lin.joinCall("Lin");
  await ada.until(
    "entries to be added",
    seen => Number(document.querySelector("[data-testid=log] [data-seq]").dataset.seq) >= seen + 3,
    newest,
  );
  const kinds = await ada.page.$$eval("[data-testid=log] .kind", all =>
    all.map(kind => kind.textContent),
  );
  for (const kind of ["Arrived", "Committed", "Entered", "Message"]) {
    assert(kinds.includes(kind), `${kind} in ${kinds}`);
  }
  await shoot(ada, "log");

  await choose(ada, "Frames");
  await ada.page.waitForSelector("[data-testid=received-keys] li");
  const counted = () => number(ada, "[data-testid=received-keys] li:last-child .number");
  const first = await counted();
  await ada.until(
    "frames to be counted by key",
    () => document.querySelectorAll("[data-testid=sent-keys] li").length >= 2,
  );
  const before = await inspect(ada);
  await ada.until(
    "more frames of a key",
    seen => {
      const cells = [...document.querySelectorAll("[data-testid=received-keys] .number")];
      return cells.some(cell => Number(cell.textContent) > seen + 20);
    },
    first,
  );
  const measured = await ada.page.$$eval("[data-testid=times] tbody tr", all =>
    all.map(row => Number(row.cells[4].textContent)),
  );
  assert(
    measured.every(frames => frames > 0),
    `times of sound and picture both ways: ${measured}`,
  );
  await ada.page.waitForSelector("[data-testid=header] .key-id");
  const parts = await ada.page.$eval("[data-testid=header] .key-id", part => part.textContent);
  assert.match(parts, /context \d, leaf 0, epoch \d+/);
  assert(before.receivers.every(({ keys }) => keys.length > 0));
  await shoot(ada, "frames");

  await choose(ada, "Media");
  await ada.until("bit rates of every line", () => {
    const cards = [...document.querySelectorAll("[data-testid=media-line]")];
    return cards.length >= 4 && cards.every(card => /bit\/s/.test(card.textContent));
  });
  await shoot(ada, "media");

  await choose(ada, "Export");
  const folder = await mkdtemp(join(tmpdir(), "tangelo-export-"));
  try {
    const client = await ada.page.createCDPSession();
    await client.send("Browser.setDownloadBehavior", {
      behavior: "allow",
      downloadPath: folder,
      browserContextId: ada.context.id,
    });
    await ada.click("Save JSON file");
    const text = await fileIn(folder);
    await shoot(ada, "export");
    const whole = JSON.parse(text);
    assert.match(whole.note, /names, identities/);
    const { group, history, frames } = whole.worker.core;
    const names = group.members.map(({ name }) => name);
    assert(names.includes("Ada Lovelace") && names.includes("Grace"), `${names}`);
    assert(history.records.length > 5 && frames.sent.length > 0 && whole.media.lines.length >= 4);
    const fragment = new URL(link).hash.slice(1);
    assert.equal(fragment.length, 64);
    // No part of it, whichever way it is cut.
    for (let at = 0; at + 8 <= fragment.length; at++) {
      assert(!text.includes(fragment.slice(at, at + 8)), "the link's secret is in the export");
    }
    const host = await ada.page.evaluate(() => JSON.stringify(localStorage));
    for (const [secret] of host.matchAll(/[a-z2-7]{24,}/g)) assert(!text.includes(secret));
    assert(!text.includes("127.0.0.1"), "nobody's address");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  assert.deepEqual([...ada.errors, ...grace.errors, ...lin.errors], []);
  await Promise.all([ada.close(), grace.close(), lin.close()]);
});

test("an inspector that does not load says so, and is loaded when it is opened again", async () => {
  const ada = await Person.open(browser, server.url);
  await ada.startCall("Ada");
  await ada.sees(1);
  let withheld = /\/inspector-.*js$/;
  await ada.page.setRequestInterception(true);
  ada.page.on("request", request => {
    if (withheld?.test(request.url())) void request.abort();
    else void request.continue();
  });
  await ada.page.keyboard.press("i");
  await ada.page.waitForSelector("dialog[open] .part-missing");
  await ada.isAccessible("the inspector that did not load");
  await ada.reported("part-not-loaded");
  await ada.page.keyboard.press("Escape");
  await ada.until("no dialog", () => document.querySelector("dialog") === null);
  withheld = undefined;
  await open(ada);
  await ada.close();
});

test("the inspector is opened, moved and closed with the keyboard, and covers a narrow window", async () => {
  const ada = await Person.open(browser, server.url, undefined, { width: 1280, height: 800 });
  await ada.startCall("Ada");
  await ada.sees(1);
  await open(ada);
  const width = () => ada.page.$eval("dialog.inspector", dialog => dialog.offsetWidth);
  const room = () => ada.page.$eval(".call", call => call.getBoundingClientRect().right);
  const wide = await width();
  assert(Math.abs((await room()) + wide - 1280) <= 1, "the call makes room");
  for (const tab of ["Group", "Log", "Frames", "Media", "Export"]) {
    await choose(ada, tab);
    await ada.isAccessible(tab);
  }
  await choose(ada, "Group");
  await ada.page.focus("dialog.inspector [role=separator]");
  await ada.page.keyboard.press("ArrowLeft");
  await ada.until(
    "a wider inspector",
    before => {
      return document.querySelector("dialog.inspector").offsetWidth > before;
    },
    wide,
  );
  await ada.page.focus("dialog.inspector [role=tab][aria-selected=true]");
  await ada.page.keyboard.press("ArrowRight");
  const chosen = () =>
    ada.page.$eval("dialog.inspector [aria-selected=true]", tab => [
      tab.textContent,
      tab === document.activeElement,
    ]);
  assert.deepEqual(await chosen(), ["Log", true]);
  await ada.page.keyboard.press("End");
  assert.deepEqual(await chosen(), ["Export", true]);
  await ada.page.keyboard.press("Escape");
  await ada.until("a closed inspector", () => document.querySelector("dialog.inspector") === null);
  assert.equal(await room(), 1280);

  await ada.page.setViewport({ width: 320, height: 640 });
  await open(ada);
  assert.equal(await width(), 320);
  for (const tab of ["Group", "Log", "Frames", "Media", "Export"]) {
    await choose(ada, tab);
    const overflow = await ada.page.$eval(
      ".inspector-panel",
      panel => panel.scrollWidth - panel.clientWidth,
    );
    assert(overflow <= 0, `${tab} is ${overflow} px too wide`);
    await ada.isAccessible(`${tab}, narrow`);
    await shoot(ada, `narrow-${tab.toLowerCase()}`);
  }
  await ada.page.keyboard.press("Escape");
  await ada.until("a closed inspector", () => document.querySelector("dialog.inspector") === null);

  await ada.click("Leave call");
  await ada.page.waitForSelector("h1");
  assert.deepEqual(ada.errors, []);
  await ada.close();
});

/** The text of the first whole file that appears in a folder. */
async function fileIn(folder) {
  const end = Date.now() + DEADLINE;
  for (;;) {
    const [name] = (await readdir(folder)).filter(entry => entry.endsWith(".json"));
    const text = name === undefined ? "" : await readFile(join(folder, name), "utf8");
    if (text.endsWith("}")) return text;
    if (Date.now() > end) throw new Error(`nothing was saved in ${folder}`);
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}
