// Makes the pictures of docs/screenshots/ from a real call: `node web/e2e/screenshots.mjs` after `cargo xtask build`.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

const folder = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));
await mkdir(folder, { recursive: true });
const server = await Server.start();
const browser = await chromium();
try {
  const ada = await Person.open(browser, server.url);
  await ada.page.setViewport({ width: 1200, height: 760 });
  const shot = name => ada.page.screenshot({ path: join(folder, `${name}.png`) });
  await ada.click("New call");
  await ada.until("the self view", () => document.querySelector("video")?.videoWidth > 0);
  await shot("lobby");
  await ada.joinCall("Ada Lovelace");
  const others = [];
  for (const name of ["Grace Hopper", "Lin Lanying"]) {
    const other = await Person.open(browser, ada.page.url());
    await other.joinCall(name);
    others.push(other);
  }
  await ada.sees(3);
  await ada.hearsAndSees(2);
  await shot("call");
  await ada.openVerify();
  await ada.page.waitForSelector("[data-testid=safety-number]", { visible: true });
  await shot("verify");
} finally {
  await browser.close();
  await server.stop();
}
