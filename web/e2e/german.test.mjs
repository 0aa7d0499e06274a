// German words are longer: nothing of the page is cut off or sticks out, in a narrow window and in a wide one.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { layout } from "../stories/lib/audit.mjs";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

let server, browser;
before(async () => {
  server = await Server.start();
  browser = await chromium({ screen: true });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const speakGerman = `localStorage.setItem("tangelo.language", "de")`;
const SIZES = [
  { width: 320, height: 640 },
  { width: 1280, height: 720 },
];

for (const size of SIZES) {
  test(`every screen holds its German words, ${size.width} px wide`, async () => {
    const ada = await Person.open(browser, server.url, speakGerman, size);
    const { page } = ada;
    await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]);
    const fits = async where => {
      const problems = await layout(page);
      assert.deepEqual(
        problems.map(problem => `${where}: ${problem}`),
        [],
      );
    };
    await page.waitForSelector('aria/Neues Gespräch[role="button"]');
    await fits("start page");
    await ada.click("Neues Gespräch");
    const field = await page.waitForSelector("aria/Dein Name");
    await field.type("Ada");
    await page.waitForSelector(".self-view video");
    await page.click(".effects-place summary");
    await page.waitForSelector(".effects");
    await fits("lobby");
    await ada.click("Teilnehmen");
    await page.waitForSelector("[data-testid=people-count]");
    await fits("call");

    const closes = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
      await ada.until(
        "what was open to close",
        () => document.querySelector("dialog, aside, .popover") === null,
      );
    };
    for (const menu of ["Reagieren", "Mehr"]) {
      await ada.click(menu);
      await page.waitForSelector(".popover");
      await fits(menu);
      await closes("Escape");
    }
    for (const [key, opened] of [
      ["k", "dialog.verifying"],
      ["?", "dialog.help"],
      ["c", "aside.chat"],
      ["p", "aside.people"],
      ["i", "dialog.inspector [data-testid=epoch]"],
    ]) {
      await page.keyboard.press(key);
      await page.waitForSelector(opened);
      await fits(opened);
      await closes("Escape");
    }
    await ada.click("Mehr");
    await ada.click("Einstellungen");
    await page.waitForSelector("dialog.settings");
    await fits("settings");
    await closes("Escape");
    await ada.click("Verlassen");
    await page.waitForSelector('aria/Wieder teilnehmen[role="button"]');
    await fits("farewell");
    assert.deepEqual(ada.errors, []);
    await ada.close();
  });
}
