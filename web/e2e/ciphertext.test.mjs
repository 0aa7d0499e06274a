// What the SFU forwards of real encoders' frames is SFrame: its own tap shows it. (That the right key opens such
// frames, and that a flipped bit is noticed, is tested in crates/client/tests/the_sfu_forwards_ciphertext.rs.)
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { noteConnections } from "./lib/connections.mjs";
import { Person } from "./lib/person.mjs";
import { assertSealed, tapped } from "./lib/sealed.mjs";
import { Server } from "./lib/server.mjs";

const FRAMES = 150;
/** More than the frames that are under way at one moment. */
const LATER_FRAMES = 60;
let folder, browser;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "tangelo-tap-"));
  browser = await chromium();
});
after(async () => {
  await browser?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const count = (frames, source, sender) =>
  frames.filter(frame => frame.source === source && frame.sender === sender).length;

test("beyond the codec's clear prefix every forwarded frame is SFrame, and no counter comes twice", async () => {
  await tappedCall("plain", async ({ tap }) => {
    const frames = await tapped(tap, "enough of everything", seen =>
      ["camera", "microphone"].every(
        source => seen.filter(frame => frame.source === source).length >= FRAMES,
      ),
    );
    const counts = assertSealed(frames, 2);
    assert.ok(counts.vp8 >= FRAMES && counts.opus >= FRAMES);
    assert.ok(
      frames.some(({ codec, whole, bytes }) => codec === "vp8" && whole && (bytes[0] & 1) === 0),
      "there is a key frame",
    );
  });
});

test("nor do they while tracks, transforms and connections are replaced", async () => {
  await tappedCall("replaced", async ({ ada, grace, tap }) => {
    const sender = (await ownId(ada)).slice(0, 6);
    /** Waits for more of Ada's frames, however they come now. */
    const more = async (what, sources) => {
      const before = await tapped(tap, what, () => true);
      await tapped(tap, what, seen =>
        sources.every(
          source => count(seen, source, sender) > count(before, source, sender) + LATER_FRAMES,
        ),
      );
    };
    const both = ["camera", "microphone"];

    await ada.click("Camera");
    await grace.until(
      "Ada without a picture",
      () => document.querySelectorAll("video.live").length === 1,
    );
    await more("sound without a picture", ["microphone"]);
    await ada.click("Camera");
    await grace.sees(2);
    await more("the camera again", both);

    await ada.click("Microphone");
    await more("a microphone that is off", both);
    await ada.click("Microphone");

    const replaced = await ada.page.evaluate(() =>
      Promise.all(
        window.connections
          .at(-1)
          .getSenders()
          .filter(({ track }) => track !== null)
          .map(sender => sender.replaceTrack(sender.track.clone())),
      ),
    );
    assert.equal(replaced.length, 2);
    await more("other tracks", both);

    // The page believes that the network failed, and makes the connection with all its transforms anew: same group,
    // same epoch, same keys.
    const connections = await ada.page.evaluate(() => {
      const connection = window.connections.at(-1);
      Object.defineProperty(connection, "connectionState", { value: "failed" });
      connection.onconnectionstatechange();
      return window.connections.length;
    });
    await ada.until(
      "another connection",
      before =>
        window.connections.length > before &&
        window.connections.at(-1).connectionState === "connected",
      connections,
    );
    await more("the other connection", both);
    await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);

    const { worker } = await ada.stats();
    assert.deepEqual(worker.core.losses, [], "she has been in the same group all the time");
    assertSealed(await tapped(tap, "all", () => true), 2);
  });
});

/** Ada and Grace in a call that the server taps. */
async function tappedCall(name, body) {
  const tap = join(folder, `${name}.pcap`);
  const server = await Server.start("--tap", tap);
  try {
    const ada = await Person.open(browser, server.url, noteConnections);
    await ada.startCall("Ada");
    const grace = await Person.open(browser, ada.page.url());
    await grace.joinCall("Grace");
    await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);
    await body({ ada, grace, tap });
    for (const person of [ada, grace]) {
      const { worker } = await person.stats();
      assert.equal(worker.frames.failed, 0);
      assert.deepEqual(person.errors, []);
      await person.close();
    }
  } finally {
    await server.stop();
  }
}

async function ownId(person) {
  const { worker } = await person.stats();
  return worker.core.client;
}
