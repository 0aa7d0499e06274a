// What the SFU forwards of real encoders' frames is SFrame: its own tap shows it. (That the right key opens such
// frames, and that a flipped bit is noticed, is tested in crates/client/tests/the_sfu_forwards_ciphertext.rs.)
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { DEADLINE, Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";
import { readFrames, sframeHeader } from "./lib/tap.mjs";

const FRAMES = 150;
let folder, server, browser;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "tangelo-tap-"));
  server = await Server.start("--tap", join(folder, "forwarded.pcap"));
  browser = await chromium();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

test("beyond the codec's clear prefix every forwarded frame is SFrame, and no counter comes twice", async () => {
  const ada = await Person.open(browser, server.url);
  await ada.startCall("Ada");
  const grace = await Person.open(browser, ada.page.url());
  await grace.joinCall("Grace");
  await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);

  const frames = await tapped();
  await Promise.all([ada.close(), grace.close()]);
  const seen = new Map();
  const firstBytes = new Set();
  let keyFrames = 0;
  for (const { stream, source, timestamp, bytes } of frames) {
    let clear = 0;
    if (source === "camera") {
      const isKeyFrame = (bytes[0] & 1) === 0;
      clear = isKeyFrame ? 10 : 3;
      if (isKeyFrame) {
        assert.equal(
          bytes.subarray(3, 6).toString("hex"),
          "9d012a",
          "VP8's start code is in clear",
        );
        keyFrames++;
      }
    }
    const header = sframeHeader(bytes.subarray(clear));
    assert.equal(header.keyId >> 16n, source === "camera" ? 2n : 0n, "the key is the source's");
    assert.ok((header.keyId >> 6n) % 1024n < 2n, "two people have leaves 0 and 1");
    assert.ok(bytes.length >= clear + header.length + 16, "there is room for the tag");
    const nonce = `${stream} ${header.keyId} ${header.counter}`;
    assert.equal(seen.get(nonce) ?? timestamp, timestamp, `${nonce} was used for two frames`);
    seen.set(nonce, timestamp);
    if (source === "microphone") firstBytes.add(bytes[header.length]);
  }
  assert.ok(keyFrames > 0);
  // At a constant bit rate the first byte of an Opus packet hardly changes; sealed it is any of 256.
  assert.ok(firstBytes.size > 64, `${firstBytes.size} different first bytes`);
});

async function tapped() {
  const end = Date.now() + DEADLINE;
  for (;;) {
    const frames = await readFrames(join(folder, "forwarded.pcap"));
    const count = source => frames.filter(frame => frame.source === source).length;
    if (count("camera") >= FRAMES && count("microphone") >= FRAMES) return frames;
    assert.ok(
      Date.now() < end,
      `${count("camera")} pictures, ${count("microphone")} packets of sound`,
    );
    await new Promise(resolve => setTimeout(resolve, 500));
  }
}
