// What a person saves who wants less of the network: seen by the one who receives, and in the server's own tap.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { DEADLINE } from "../stories/lib/until.mjs";
import { Server } from "./lib/server.mjs";
import { readFrames } from "./lib/tap.mjs";

/** So much sound passes while nothing else may: a second and a half of it. */
const SOUNDS = 75;

let server, browser, folder, tap, ada, grace;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "tangelo-network-"));
  tap = join(folder, "tap.pcap");
  server = await Server.start("--tap", tap);
  browser = await chromium({ screen: true });
  ada = await Person.open(browser, server.url);
  await ada.startCall("Ada");
  grace = await Person.open(browser, ada.page.url());
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** As the tap names a person. */
async function nameInTap(person) {
  const { worker } = await person.stats();
  return worker.core.client.slice(0, 6);
}

/** The frames of one source that the server has forwarded to a person so far. */
async function forwarded(to, source) {
  const name = await nameInTap(to);
  const frames = await readFrames(tap);
  return frames.filter(frame => frame.receiver === name && frame.source === source);
}

/** Waits until sound comes to a person, and nothing of any camera. */
async function isSparedCameras(person) {
  const end = Date.now() + DEADLINE;
  let since = { cameras: -1, sounds: 0 };
  for (;;) {
    const [cameras, sounds] = await Promise.all(
      ["camera", "microphone"].map(async source => (await forwarded(person, source)).length),
    );
    if (cameras !== since.cameras) since = { cameras, sounds };
    if (sounds - since.sounds >= SOUNDS) return;
    if (Date.now() > end) {
      const stats = await Promise.all([ada, grace].map(each => each.stats()));
      const words = `still pictures: ${cameras}, beside ${sounds} of sound`;
      assert.fail(`${words}\n${stats.map(each => JSON.stringify(each)).join("\n")}\n${server.log}`);
    }
    await new Promise(resolve => setTimeout(resolve, 250));
  }
}

/** Of whom a person sees a moving picture. */
const liveTiles = person =>
  person.page.$$eval('li.tile[data-own="false"]', tiles =>
    tiles
      .filter(tile => tile.querySelector("video.live") !== null)
      .map(tile => tile.querySelector(".name-text").innerText),
  );

const camera = lines => lines.find(({ use }) => use.source === "camera");

/**
 * How many pictures a second a person's camera is to give, which is all that an encoder can get. How many come is another
 * matter: a busy machine makes few of them anyway.
 */
const askedRate = person =>
  person.page.$eval(
    'li.tile[data-own="true"] video',
    video => video.srcObject.getVideoTracks()[0].getSettings().frameRate,
  );

test("who saves data sends a small picture and few of them, and receives no more than the one who is large", async () => {
  const { lines } = await grace.receives(
    "a large picture of Ada",
    all => camera(all)?.height > 180,
  );
  assert.ok(camera(lines).width > 320);
  const before = await askedRate(ada);
  await ada.tick("Save data");
  await grace.receives("a small picture of Ada", all => {
    const { width, height } = camera(all) ?? {};
    return width > 0 && width <= 320 && height <= 240;
  });
  const saving = await askedRate(ada);
  assert.ok(saving <= 15 && saving < before, `${before} pictures a second, then ${saving}`);
  await isSparedCameras(ada);
  assert.deepEqual(await liveTiles(ada), [], "nobody is large");

  await ada.page.keyboard.press("l");
  await ada.receives("Grace, who is large", all => camera(all)?.frames > 0);
  await ada.page.keyboard.press("l");
  await isSparedCameras(ada);
  await ada.tick("Everything");
  await grace.receives("a large picture again", all => camera(all)?.height > 180);
  assert.equal(await askedRate(ada), before);
  await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);
});

test("with sound only, the server forwards no camera either way, but screens and sound", async () => {
  await ada.tick("Sound only");
  await Promise.all([isSparedCameras(ada), isSparedCameras(grace)]);
  assert.deepEqual(await liveTiles(ada), []);
  const { lines } = await ada.receives("sound", all => all.some(line => line.audioEnergy > 0));
  assert.equal(camera(lines), undefined, "nothing to decode");

  await grace.click("Share screen");
  await ada.until("the screen", () => document.querySelector("li.share video")?.videoWidth > 0);
  await isSparedCameras(ada);
  await grace.click("Stop sharing");

  await ada.tick("Everything");
  await ada.click("Camera");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);
  assert.deepEqual([...ada.errors, ...grace.errors], []);
});
