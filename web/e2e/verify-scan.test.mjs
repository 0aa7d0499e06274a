// One person's camera reads the safety number off another person's screen.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { WALL, codeOf, pictureOf, writeCamera } from "./lib/code-camera.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

/** Runs in the page before its scripts: `window.cameras()` counts the pictures that cameras give it now. */
function countCameras() {
  const tracks = [];
  window.opened = 0;
  window.cameras = () => tracks.filter(({ readyState }) => readyState === "live").length;
  const { mediaDevices } = navigator;
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async wish => {
    const stream = await open(wish);
    window.opened++;
    tracks.push(...stream.getVideoTracks());
    return stream;
  };
  const { clone } = MediaStreamTrack.prototype;
  MediaStreamTrack.prototype.clone = function () {
    const copy = clone.call(this);
    if (copy.kind === "video") tracks.push(copy);
    return copy;
  };
}

let server, browser, scanner, folder, camera, ada, grace;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "tangelo-scan-"));
  camera = join(folder, "camera.y4m");
  await writeCamera(camera, WALL);
  server = await Server.start();
  [browser, scanner] = await Promise.all([chromium(), chromium({ camera })]);
  ada = await Person.open(browser, server.url);
  await ada.startCall("Ada");
  grace = await Person.open(scanner, ada.page.url(), `(${countCameras})();`);
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  // Her camera is free then, and is opened anew by what scans.
  await grace.click("Camera");
  await ada.until(
    "no picture of Grace",
    () => document.querySelectorAll("video.live").length === 1,
  );
});
after(async () => {
  await Promise.all([browser?.close(), scanner?.close()]);
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Grace holds her camera before something, and is told what comes of it. */
async function scan(luma, outcome) {
  await writeCamera(camera, luma);
  await grace.click("Scan another person's QR code");
  await grace.page.waitForSelector(`[data-scan=${outcome}]`);
}

const cameras = () => grace.page.evaluate(() => [window.cameras(), window.opened]);

test("the code on another screen agrees, and one with another number is said to differ, where it is seen", async () => {
  await ada.openVerify();
  await ada.page.click(".qr-place summary");
  const shown = await ada.page.waitForSelector("aria/QR code of the safety number");
  const empty = await browser.newPage();
  const seen = await pictureOf(shown, empty);
  await grace.openVerify();
  await scan(seen, "agrees");
  assert.equal(await grace.page.$("[data-protection=differs]"), null);
  const [live] = await cameras();
  assert.equal(live, 0, "a camera that was off is off again");

  await scan(codeOf("https://example.org/"), "foreign");

  const number = await grace.page.$eval("[data-testid=safety-number]", digits =>
    digits.textContent.replaceAll(/\D+/g, " ").trim(),
  );
  const other = number.replace(/\d/, digit => String((Number(digit) + 1) % 10));
  await scan(codeOf(`TANGELO 1: ${other}`), "differs");
  await grace.page.keyboard.press("Escape");
  const lock = await grace.page.waitForSelector("[data-protection=differs]");
  assert.match(await lock.evaluate(button => button.innerText), /number differs/i);
  assert.deepEqual([...ada.errors, ...grace.errors], []);
});

test("the camera that is on reads as well, without being opened again, and the others go on seeing it", async () => {
  const shown = await ada.page.waitForSelector("aria/QR code of the safety number");
  const empty = await browser.newPage();
  await writeCamera(camera, await pictureOf(shown, empty));
  await grace.click("Camera");
  await ada.page.keyboard.press("Escape");
  await ada.sees(2);
  const before = await cameras();
  assert.equal(before[0], 1);
  await grace.openVerify();
  await grace.click("Scan another person's QR code");
  await grace.page.waitForSelector("[data-scan=agrees]");
  assert.deepEqual(await cameras(), before);

  await grace.page.keyboard.press("Escape");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  await ada.hearsAndSees(1);
  await grace.click("Camera");
  await grace.until("no camera on", () => window.cameras() === 0);
  assert.deepEqual([...ada.errors, ...grace.errors], []);
});
