// `tangelo join` in a call with a browser: it records what the browser sends, and sends what it recorded.
import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { Headless } from "./lib/headless.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

const FRAMES = 90;
let server, browser, folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "tangelo-record-"));
  [server, browser] = await Promise.all([Server.start(), chromium({ voice: true })]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

test("it records a browser's camera and voice in sight of all, and shows the recording", async () => {
  const ada = await Person.open(browser, server.url);
  await ada.startCall("Ada");
  const recorder = new Headless(ada.page.url(), "--name", "Recorder", "--record", folder);
  let player;
  try {
    await ada.until(
      "to see on the tile that it is recorded",
      () => document.querySelector("li.tile[data-own=false] .recording")?.innerText === "recording",
    );
    const tile = await ada.page.$("li.tile[data-own=false]");
    assert.match(await tile.evaluate(element => element.ariaLabel), /^Recorder.*, recording/);
    await ada.click("2 people");
    await ada.until("to see in the list that it is recorded", () =>
      [...document.querySelectorAll(".persons li")].some(person =>
        /Recorder[^]*Records this call/.test(person.innerText),
      ),
    );
    await ada.isAccessible("somebody records");
    const [, number] = await recorder.says(/^\* Safety number: ([\d ]+)$/gm);
    assert.equal(await ada.number(), number);
    recorder.type("I keep all of this.");
    await recorder.says(/^<Recorder> I keep all of this\.$/gm);

    const [video, audio] = await recorder.until("a recording", async () => {
      const names = await readdir(folder);
      const found = ["ivf", "ogg"].map(end => names.find(name => name.endsWith(`.${end}`)));
      if (found.includes(undefined)) return undefined;
      const files = found.map(name => join(folder, name));
      return framesOf(await readFile(files[0])).length >= FRAMES ? files : undefined;
    });
    assert.equal(await recorder.interrupt(), 0);
    assert.equal(recorder.errors, "");
    assert.match(video, /\/Ada-[0-9a-f]{8}-camera\.ivf$/);
    assert.match(audio, /\/Ada-[0-9a-f]{8}-microphone\.ogg$/);
    await ada.until(
      "to be alone",
      () => document.querySelector("li.tile[data-own=false]") === null,
    );

    // Chromium decodes every picture of the file, and hears the voice in it.
    const frames = framesOf(await readFile(video));
    const seen = await ada.page.evaluate(decodeVideo, frames);
    assert.deepEqual(seen, { decoded: frames.length, errors: [] });
    const heard = await ada.page.evaluate(decodeAudio, (await readFile(audio)).toString("base64"));
    assert.ok(heard.seconds > 2 && heard.loudest > 0.01, JSON.stringify(heard));

    player = new Headless(
      ...[ada.page.url(), "--name", "Player", "--video", video, "--audio", audio],
    );
    await ada.sees(2);
    await ada.hearsAndSees(1);
    assert.equal(await ada.page.$("li.tile[data-own=false] .recording"), null);
    assert.equal(await player.interrupt(), 0);
    assert.deepEqual(ada.errors, []);
    await ada.close();
  } finally {
    recorder.kill();
    player?.kill();
  }
});

/** The frames of an IVF file: time in microseconds, bytes in base64. */
function framesOf(file) {
  assert.equal(file.subarray(0, 4).toString(), "DKIF");
  assert.equal(file.subarray(8, 12).toString(), "VP80");
  const [rate, scale] = [file.readUInt32LE(16), file.readUInt32LE(20)];
  const frames = [];
  for (let at = file.readUInt16LE(6); at + 12 <= file.length;) {
    const end = at + 12 + file.readUInt32LE(at);
    if (end > file.length) break;
    const timestamp = Math.round((Number(file.readBigUInt64LE(at + 4)) * scale * 1e6) / rate);
    frames.push({ timestamp, bytes: file.subarray(at + 12, end).toString("base64") });
    at = end;
  }
  return frames;
}

/** In the page: how many of the frames WebCodecs decodes. */
async function decodeVideo(frames) {
  const errors = [];
  let decoded = 0;
  const decoder = new VideoDecoder({
    output: frame => {
      decoded += 1;
      frame.close();
    },
    error: error => errors.push(String(error)),
  });
  decoder.configure({ codec: "vp8" });
  for (const { timestamp, bytes } of frames) {
    const data = Uint8Array.from(atob(bytes), letter => letter.charCodeAt(0));
    // RFC 6386 section 9.1: the first bit of a key frame is 0.
    const type = data[0] & 1 ? "delta" : "key";
    decoder.decode(new EncodedVideoChunk({ type, timestamp, data }));
  }
  await decoder.flush();
  return { decoded, errors };
}

/** In the page: length and loudest sample of a sound file. */
async function decodeAudio(base64) {
  const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
  const context = new OfflineAudioContext(1, 48_000, 48_000);
  const sound = await context.decodeAudioData(bytes.buffer);
  let loudest = 0;
  for (const sample of sound.getChannelData(0)) loudest = Math.max(loudest, Math.abs(sample));
  return { seconds: sound.duration, loudest };
}
