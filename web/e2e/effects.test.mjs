// Effects on the own sound and picture: they reach the others, the call goes on, and failures are said.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import { chromium, firefox } from "./lib/browser.mjs";
import { noteConnections } from "./lib/connections.mjs";
import { writeDrawnCamera } from "./lib/drawn-camera.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

let server, drawn, other, folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "tangelo-effects-"));
  const camera = join(folder, "drawn.y4m");
  await writeDrawnCamera(camera);
  server = await Server.startOnAll();
  [drawn, other] = await Promise.all([chromium({ camera }), firefox()]);
});
after(async () => {
  await Promise.all([drawn?.close(), other?.close()]);
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Opens the effects in the lobby. */
async function openEffects(person) {
  const place = await person.page.waitForSelector(".effects-place summary");
  await place.click();
  await person.page.waitForSelector(".effects");
}

/** Picks what is behind the person, by the name that a person reads. */
async function pick(person, name) {
  const choice = await person.page.waitForSelector(`aria/${name}[role="radio"]`);
  await choice.evaluate(input => input.click());
}

const state = (person, kind, wanted) =>
  person.until(
    `the effect of the ${kind} to be ${wanted}`,
    (kind, wanted) => window.tangelo?.effects.view.get().state[kind] === wanted,
    kind,
    wanted,
  );

/**
 * What a video shows at the moment: how far neighbouring columns differ in the room beside the person's head and in the
 * person's face, and the mean colour of the room.
 */
function look(selector) {
  const video = document.querySelector(selector);
  // Between two tracks there is none.
  if (video === null || video.videoWidth === 0) return undefined;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 360];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, 640, 360);
  const patch = (x, y, width, height) => {
    const { data } = context.getImageData(x, y, width, height);
    const columns = Array.from({ length: width }, (_, column) => {
      let sum = 0;
      for (let row = 0; row < height; row++) sum += data[4 * (row * width + column) + 1];
      return sum / height;
    });
    const mean = [0, 1, 2].map(
      channel =>
        data.reduce((sum, value, index) => (index % 4 === channel ? sum + value : sum), 0) /
        (width * height),
    );
    return { contrast: Math.max(...columns) - Math.min(...columns), mean };
  };
  const room = patch(60, 60, 60, 40);
  // Across both eyes.
  const face = patch(275, 128, 90, 8);
  return { room: room.contrast, colour: room.mean, face: face.contrast };
}

/** Waits until a video looks as it should. */
async function looks(person, what, selector, right) {
  let seen;
  for (let tries = 0; tries < 120; tries++) {
    seen = await person.page.evaluate(look, selector);
    if (seen !== undefined && right(seen)) return seen;
    await new Promise(resolve => setTimeout(resolve, 500));
  }
  assert.fail(`${what}: ${JSON.stringify(seen)}`);
}

/** A picture of one colour. Returns its path. */
async function writeMagenta(folder) {
  const [width, height] = [64, 36];
  const line = Buffer.concat([Buffer.of(0), Buffer.alloc(3 * width, Buffer.of(255, 0, 255))]);
  const chunk = (type, data) => {
    const named = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  // 8 bits of red, green and blue.
  head.set([8, 2], 8);
  const path = join(folder, "magenta.png");
  await writeFile(
    path,
    Buffer.concat([
      Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
      chunk("IHDR", head),
      chunk("IDAT", deflateSync(Buffer.concat(Array(height).fill(line)))),
      chunk("IEND", Buffer.alloc(0)),
    ]),
  );
  return path;
}

/** PNG's checksum: Node has one of its own only from version 22 on. */
function crc32(bytes) {
  let rest = ~0;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  }
  return ~rest >>> 0;
}

const OTHER = "li.tile[data-own='false'] video.live";
const OWN = ".self-view video";
const clear = ({ room, face }) => room > 25 && face > 60;
const blurred = ({ room, face }) => room < 12 && face > 60;

test("in Chromium the room is blurred for oneself and for others, the person is not, and the call goes on", async () => {
  const ada = await Person.open(drawn, server.url);
  await ada.click("New call");
  await ada.page.waitForSelector(OWN);
  await looks(ada, "the room as it is", OWN, clear);
  await openEffects(ada);
  await pick(ada, "Blur");
  await looks(ada, "the blurred room", OWN, blurred);

  const file = await ada.page.$(".effects input[type=file]");
  await file.uploadFile(fileURLToPath(import.meta.url));
  await ada.until("words about the file", () =>
    document.querySelector(".effects").innerText.includes("cannot be shown as an image"),
  );
  await file.uploadFile(await writeMagenta(folder));
  const magenta = ({ colour: [red, green, blue], face }) =>
    red > 150 && green < 100 && blue > 150 && face > 60;
  await looks(ada, "her own image", OWN, magenta);
  await pick(ada, "Blur");
  await looks(ada, "the blurred room again", OWN, blurred);
  await ada.joinCall("Ada");
  const grace = await Person.open(other, ada.page.url());
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  await grace.hearsAndSees(1);
  await looks(grace, "Ada's blurred room", OTHER, blurred);

  await ada.page.evaluate(() => window.tangelo.effects.showBehind("dusk"));
  await state(ada, "camera", "on");
  const dusk = ({ colour: [red, green, blue], face }) =>
    red < 110 && green < 70 && blue < 50 && face > 60;
  await looks(grace, "dusk behind Ada", OTHER, dusk);
  await grace.hearsAndSees(1);

  await ada.page.evaluate(() => window.tangelo.effects.showBehind("none"));
  await looks(grace, "the room again", OTHER, clear);
  await grace.hearsAndSees(1);
  assert.deepEqual([...ada.errors, ...grace.errors], []);
  await Promise.all([ada.close(), grace.close()]);
});

test("in Firefox a covered background reaches the others, and the call goes on", async () => {
  const grace = await Person.open(other, server.url);
  await grace.startCall("Grace");
  const ada = await Person.open(drawn, grace.page.url());
  await ada.joinCall("Ada");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  // Firefox's fake camera shows one colour that changes: nobody is in it, so all of it is background.
  await grace.page.evaluate(() => window.tangelo.effects.showBehind("grove"));
  await state(grace, "camera", "on");
  const grove = ({ colour: [red, green, blue] }) =>
    Math.abs(red - 215) < 35 && Math.abs(green - 230) < 30 && Math.abs(blue - 205) < 40;
  await looks(ada, "the image instead of Grace's room", OTHER, grove);
  await ada.hearsAndSees(1);
  assert.deepEqual([...ada.errors, ...grace.errors], []);
  await Promise.all([ada.close(), grace.close()]);
});

/** Runs in the page before its scripts: the microphone hears a fan, and `window.fan` is its track. */
const hearFan = `(${function () {
  // An empty page is not secure, and has no devices.
  if (navigator.mediaDevices === undefined) return;
  const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async constraints => {
    const stream = await original(constraints);
    if (!constraints.audio) return stream;
    const context = new AudioContext();
    const noise = context.createBuffer(1, 2 * context.sampleRate, context.sampleRate);
    const samples = noise.getChannelData(0);
    let level = 0;
    for (let index = 0; index < samples.length; index++) {
      level = 0.97 * level + 0.03 * (2 * Math.random() - 1);
      samples[index] = level;
    }
    const source = new AudioBufferSourceNode(context, { buffer: noise, loop: true });
    const sink = context.createMediaStreamDestination();
    source.connect(sink);
    source.start();
    addEventListener("pointerdown", () => context.resume());
    [window.fan] = sink.stream.getAudioTracks();
    return new MediaStream([window.fan, ...stream.getVideoTracks()]);
  };
}})()`;

/** Half a second's loudness of what a page's connection sends, or of the track that the microphone gave. */
async function loudness(sent) {
  const track = sent
    ? window.connections
        .at(-1)
        .getSenders()
        .find(sender => sender.track?.kind === "audio").track
    : window.fan;
  const context = (window.meter ??= new AudioContext());
  await context.resume();
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = new AnalyserNode(context, { fftSize: 32_768 });
  source.connect(analyser);
  await new Promise(resolve => setTimeout(resolve, 1_000));
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  source.disconnect();
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

/** Waits until what is sent, and what the microphone hears, is as loud as it should be. */
async function sends(person, what, right) {
  let seen;
  for (let tries = 0; tries < 40; tries++) {
    const [sent, heard] = [
      await person.page.evaluate(loudness, true),
      await person.page.evaluate(loudness, false),
    ];
    seen = { sent, heard };
    if (right(sent, heard)) return;
  }
  assert.fail(`${what}: ${JSON.stringify(seen)}`);
}

/** Whether the browser runs audio contexts. On a machine without any sound output Firefox does not. */
async function hasAudio() {
  const context = new AudioContext();
  void context.resume();
  for (let tries = 0; tries < 100 && context.state !== "running"; tries++) {
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  return context.state === "running";
}

/** Noise suppression cannot be had: that is said, and the microphone goes on. */
async function goesOnWithout(ada, grace) {
  await ada.page.evaluate(() => window.tangelo.effects.suppressNoise(true));
  await state(ada, "microphone", "failed");
  await ada.until("words about the microphone", () =>
    document.body.innerText.includes("Your microphone works without it"),
  );
  const sent = await ada.page.evaluate(() =>
    window.connections
      .at(-1)
      .getSenders()
      .some(({ track }) => track === window.fan && track.readyState === "live"),
  );
  assert.ok(sent, "the microphone's own track is sent");
  await grace.receives("to go on receiving Ada's sound", lines =>
    lines.some(line => line.codec === "audio/opus" && line.packets > 50),
  );
  await Promise.all([ada.close(), grace.close()]);
}

const same = (sent, heard) => heard > 0.005 && sent > 0.7 * heard && sent < 1.4 * heard;

for (const name of ["Chromium", "Firefox"]) {
  test(`in ${name} a fan is taken out of the sound that is sent, a muted microphone is silent, and the call goes on`, async () => {
    const [here, there] = name === "Chromium" ? [drawn, other] : [other, drawn];
    const ada = await Person.open(here, server.url, `${noteConnections};${hearFan}`);
    await ada.startCall("Ada");
    const grace = await Person.open(there, ada.page.url());
    await grace.joinCall("Grace");
    await Promise.all([ada.sees(2), grace.sees(2)]);
    if (!(await ada.page.evaluate(hasAudio))) {
      assert.equal(name, "Firefox", "Chromium has a sound output of its own for tests");
      await goesOnWithout(ada, grace);
      return;
    }
    await sends(ada, "the fan", same);
    await ada.page.evaluate(() => window.tangelo.effects.suppressNoise(true));
    await state(ada, "microphone", "on");
    await sends(ada, "a fan taken out", (sent, heard) => heard > 0.005 && sent < 0.1 * heard);
    await grace.hearsAndSees(1);
    await ada.click("Microphone");
    await sends(ada, "silence", sent => sent === 0);
    await ada.click("Microphone");
    await ada.page.evaluate(() => window.tangelo.effects.suppressNoise(false));
    await sends(ada, "the fan again", same);
    await grace.hearsAndSees(1);
    assert.deepEqual([...ada.errors, ...grace.errors], []);
    await Promise.all([ada.close(), grace.close()]);
  });
}

/** From now on these files do not come. */
async function withhold(person, files) {
  await person.page.setRequestInterception(true);
  person.page.on("request", request => {
    if (files.test(request.url())) void request.abort();
    else void request.continue();
  });
}

test("where effects do not load, the microphone works without and the camera stays off, until the person says so", async () => {
  const ada = await Person.open(drawn, server.url, noteConnections);
  await ada.click("New call");
  await looks(ada, "the room as it is", OWN, clear);
  await withhold(ada, /effects-.*wasm/);
  await openEffects(ada);
  const noise = await ada.page.waitForSelector('aria/Noise suppression[role="switch"]');
  await noise.click();
  await ada.until("words about the microphone", () =>
    document.body.innerText.includes("Your microphone works without it"),
  );
  await pick(ada, "Blur");
  await ada.until("words about the camera", () =>
    document.body.innerText.includes("could not be covered, so your camera is off"),
  );
  assert.equal(await ada.page.$eval(OWN, video => video.srcObject), null, "nobody sees the room");
  await ada.joinCall("Ada");
  const grace = await Person.open(other, ada.page.url());
  await grace.joinCall("Grace");
  await grace.receives("to hear Ada", lines =>
    lines.some(line => line.codec === "audio/opus" && line.audioEnergy > 0),
  );
  const sent = await ada.page.evaluate(
    () =>
      window.connections
        .at(-1)
        .getSenders()
        .filter(({ track }) => track?.kind === "video").length,
  );
  assert.equal(sent, 0, "no picture is sent");
  await Promise.all([ada.close(), grace.close()]);
});

test("the way out of a background that fails is a button, and effects that do not load are tried again", async () => {
  const ada = await Person.open(drawn, server.url);
  await ada.click("New call");
  await looks(ada, "the room as it is", OWN, clear);
  let withheld = /effects-panel/;
  await withhold(ada, { test: url => withheld.test(url) });
  await (await ada.page.waitForSelector(".effects-place summary")).click();
  await ada.until("words about the effects", () =>
    document.querySelector(".effects-place").innerText.includes("could not be loaded"),
  );
  await ada.isAccessible("effects that did not load");
  withheld = /model-wide/;
  await (await ada.page.waitForSelector(".effects-place summary")).click();
  await openEffects(ada);
  await ada.isAccessible("effects");
  await pick(ada, "Dawn");
  await ada.page.waitForSelector('aria/Use the camera without an effect[role="button"]');
  await ada.isAccessible("effects that failed");
  await ada.click("Use the camera without an effect");
  await looks(ada, "the room as it is", OWN, clear);
  await ada.close();
});
