// What the crowd sends: a camera and a voice as Chromium's own encoders make them, as IVF files.
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../serve.mjs";

/** Frames a second of the cameras: enough to move, and little enough for one machine to be the whole call. */
export const RATE = 10;
export const WIDTH = 320;
export const HEIGHT = 180;
const FRAMES = 50;
const PACKETS = 200;
const KEY = 1;

/** Records in a page of this browser; returns the two files' paths. */
export async function record(browser) {
  const server = await serve(new Map(), { "/page.js": "" });
  const page = await browser.newPage();
  try {
    await page.goto(server.url);
    const folder = await mkdtemp(join(tmpdir(), "tangelo-crowd-"));
    const files = { pictures: join(folder, "pictures.ivf"), sounds: join(folder, "sounds.ivf") };
    const drawn = await page.evaluate(encodePictures, WIDTH, HEIGHT, RATE, FRAMES);
    await writeFile(files.pictures, ivf("VP80", RATE, drawn));
    await writeFile(files.sounds, ivf("OPUS", 50, await page.evaluate(encodeVoice, PACKETS)));
    return files;
  } finally {
    await page.close();
    server.close();
  }
}

/** IVF: a header of 32 bytes, and 12 before each frame. */
function ivf(fourcc, rate, frames) {
  const header = Buffer.alloc(32);
  header.write("DKIF", 0, "latin1");
  header.writeUInt16LE(32, 6);
  header.write(fourcc, 8, "latin1");
  header.writeUInt16LE(WIDTH, 12);
  header.writeUInt16LE(HEIGHT, 14);
  header.writeUInt32LE(rate, 16);
  header.writeUInt32LE(KEY, 20);
  header.writeUInt32LE(frames.length, 24);
  const parts = frames.flatMap((frame, index) => {
    const bytes = Buffer.from(frame, "base64");
    const before = Buffer.alloc(12);
    before.writeUInt32LE(bytes.length, 0);
    before.writeUInt32LE(index, 4);
    return [before, bytes];
  });
  return Buffer.concat([header, ...parts]);
}

/** Runs in the page: somebody moving in front of a wall, the first frame a key frame. */
async function encodePictures(width, height, rate, count) {
  const frames = [];
  const encoder = new VideoEncoder({
    output(chunk) {
      const bytes = new Uint8Array(chunk.byteLength);
      chunk.copyTo(bytes);
      frames.push(bytes.toBase64());
    },
    error: error => {
      throw error;
    },
  });
  const bitrate = 150_000;
  encoder.configure({
    codec: "vp8",
    width,
    height,
    bitrate,
    framerate: rate,
    latencyMode: "realtime",
  });
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d");
  for (let index = 0; index < count; index++) {
    const turn = (2 * Math.PI * index) / count;
    pen.fillStyle = "#7a9cb8";
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = "#d9a27c";
    pen.beginPath();
    pen.ellipse(width / 2 + 20 * Math.sin(turn), height * 0.4, 34, 44, 0.2 * Math.cos(turn), 0, 7);
    pen.ellipse(width / 2, height * 1.05, 80, 70, 0, 0, 7);
    pen.fill();
    const frame = new VideoFrame(canvas, { timestamp: (index * 1_000_000) / rate });
    encoder.encode(frame, { keyFrame: index === 0 });
    frame.close();
  }
  await encoder.flush();
  encoder.close();
  return frames;
}

/** Runs in the page: a hum, in packets of 20 ms. */
async function encodeVoice(count) {
  const packets = [];
  const encoder = new AudioEncoder({
    output(chunk) {
      const bytes = new Uint8Array(chunk.byteLength);
      chunk.copyTo(bytes);
      packets.push(bytes.toBase64());
    },
    error: error => {
      throw error;
    },
  });
  const sampleRate = 48_000;
  encoder.configure({ codec: "opus", sampleRate, numberOfChannels: 1, bitrate: 32_000 });
  for (let packet = 0; packet < count; packet++) {
    const data = Float32Array.from({ length: 960 }, (_, index) => {
      const at = packet * 960 + index;
      return (
        [150, 300, 450].reduce(
          (sum, hertz) => sum + Math.sin((2 * Math.PI * hertz * at) / sampleRate),
          0,
        ) / 8
      );
    });
    const timestamp = packet * 20_000;
    const sound = new AudioData({
      format: "f32",
      sampleRate,
      numberOfFrames: 960,
      numberOfChannels: 1,
      timestamp,
      data,
    });
    encoder.encode(sound);
    sound.close();
  }
  await encoder.flush();
  encoder.close();
  return packets;
}
