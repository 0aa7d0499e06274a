// VP8 and VP9 between Chromium and Chromium, and between Chromium and Firefox, both ways.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium, firefox } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { assertSealed, tapped } from "./lib/sealed.mjs";
import { Server } from "./lib/server.mjs";

const FRAMES = 100;
let folder;
const browsers = {};
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "tangelo-tap-"));
  [browsers.Chromium, browsers.Firefox] = await Promise.all([chromium(), firefox()]);
});
after(async () => {
  await Promise.all(Object.values(browsers).map(browser => browser?.close()));
  if (folder) await rm(folder, { recursive: true, force: true });
});

for (const other of ["Chromium", "Firefox"]) {
  // The first codec is what Chromium sends, the second what the other does.
  for (const [own, others] of [
    ["vp8", "vp9"],
    ["vp9", "vp8"],
    ["vp9", "vp9"],
  ]) {
    test(`Chromium sends ${own} and ${other} sends ${others}`, async () => {
      const tap = join(folder, `${other}-${own}-${others}.pcap`);
      const server = await Server.startOnAll("--tap", tap);
      try {
        const ada = await Person.open(browsers.Chromium, server.url, sends(own));
        await ada.startCall("Ada");
        const grace = await Person.open(browsers[other], ada.page.url(), sends(others));
        await grace.joinCall("Grace");
        await Promise.all([ada.sees(2), grace.sees(2)]);
        await Promise.all([
          ada.hearsAndSees(1, `video/${others.toUpperCase()}`),
          grace.hearsAndSees(1, `video/${own.toUpperCase()}`),
        ]);
        const frames = await tapped(tap, "frames both ways", all => {
          const senders = new Set(all.map(({ sender }) => sender));
          return [...senders].every(
            sender =>
              all.filter(frame => frame.sender === sender && frame.source === "camera").length >
              FRAMES,
          );
        });
        const counts = assertSealed(frames, 2);
        for (const codec of ["vp8", "vp9"]) {
          assert.equal(counts[codec] > 0, [own, others].includes(codec), JSON.stringify(counts));
        }
        for (const person of [ada, grace]) {
          const { worker } = await person.stats();
          assert.equal(worker.frames.unknownCodec, 0);
          assert.equal(worker.frames.failed, 0);
          assert.deepEqual(person.errors, []);
          await person.close();
        }
      } finally {
        await server.stop();
      }
    });
  }
}

/** Has a page send its camera with this codec. Firefox runs it on `about:blank`, too. */
function sends(codec) {
  return `if (location.protocol.startsWith("http"))
    localStorage.setItem("tangelo.video_codec", ${JSON.stringify(codec)});`;
}
