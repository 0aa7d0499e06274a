// Encrypting and decrypting in encoded transforms, at the pace at which frames come.
import { FrameCrypto } from "../src/worker/frame-crypto.ts";
import { Transforms } from "../src/worker/transforms.ts";
import { AesGcm } from "./hot.mjs";
import { Samples } from "./samples.mjs";

/** How often a frame of the largest size comes on a line with several. */
const LARGE_EVERY = 15;
/** What is added to a frame's end to tell its own length. */
const TRAILER = 4;
/** Before sound: an Opus packet without frames, which is none. The core pads none to another size than is measured. */
const NO_OPUS = [3, 0];

/** One measurement: every transform that comes belongs to it. */
export class Run {
  times = new Map();
  /** Frames that could not be turned, by what was wrong. */
  dropped = new Map();
  recording = false;

  constructor(way, { memory, call }, measurements) {
    const noter = this;
    switch (way) {
      case "tangelo": {
        // The app's own transforms; the one addition is to look at the clock around each frame.
        class Timed extends FrameCrypto {
          seal(sender, codec, data) {
            return noter.time("encrypt", data.byteLength, () => super.seal(sender, codec, data));
          }
          open(receiver, ticket, codec, data) {
            const start = performance.now();
            const opened = super.open(receiver, ticket, codec, data);
            noter.note("decrypt", opened.byteLength, start);
            return opened;
          }
        }
        const [sender, receiver] = call.people;
        const ends = [sender, receiver].map(({ core }) => {
          const crypto = new Timed(core, memory, () => call.nowMs());
          return new Transforms(
            () => crypto,
            () => undefined,
          );
        });
        this.handle = (options, readable, writable) => {
          const { use } = options;
          const whole = use.kind === "send" ? use : { ...use, client: sender.client };
          const end = ends[use.kind === "send" ? 0 : 1];
          end.add({ options: { ...options, use: whole }, readable, writable });
        };
        return;
      }
      case "webcrypto": {
        const cipher = AesGcm.make();
        return this.#plain(
          async payload => (await cipher).encrypt(payload),
          async payload => (await cipher).decrypt(payload),
        );
      }
      case "orange": {
        // A group for each line: one that all lines share would lose those frames that others overtake.
        const groups = new Map();
        const group = line => {
          if (!groups.has(line)) groups.set(line, new measurements.Orange());
          return groups.get(line);
        };
        return this.#plain(
          (payload, line) => group(line).encrypt(payload).buffer,
          (payload, line) => group(line).decrypt(payload).buffer,
        );
      }
    }
  }

  /** A way that turns what follows the clear part of a frame into something else. */
  #plain(encrypt, decrypt) {
    const turn = async (frame, clear, line, what, act) => {
      const start = performance.now();
      const data = new Uint8Array(frame.data);
      const result = await act(data.subarray(clear), line);
      const out = new Uint8Array(clear + result.byteLength);
      out.set(data.subarray(0, clear));
      out.set(new Uint8Array(result), clear);
      frame.data = out.buffer;
      this.note(what, what === "encrypt" ? data.byteLength : out.byteLength, start);
    };
    this.handle = (options, readable, writable) => {
      const [what, act] = options.use.kind === "send" ? ["encrypt", encrypt] : ["decrypt", decrypt];
      const transform = async (frame, out) => {
        // Padding with which the browser finds out how much gets through.
        if (frame.data.byteLength === 0) return;
        try {
          await turn(frame, clearBytes(frame), options.line, what, act);
        } catch (error) {
          this.dropped.set(String(error), (this.dropped.get(String(error)) ?? 0) + 1);
          return;
        }
        out.enqueue(frame);
      };
      readable.pipeThrough(new TransformStream({ transform })).pipeTo(writable);
    };
  }

  add({ options, readable, writable }) {
    if (options.use.kind === "send") {
      this.handle(options, readable.pipeThrough(padding(options)), writable);
    } else {
      const unpadded = new TransformStream({ transform: takeOff(options) });
      unpadded.readable.pipeTo(writable);
      this.handle(options, readable, unpadded.writable);
    }
  }

  time(what, size, act) {
    const start = performance.now();
    const result = act();
    this.note(what, size, start);
    return result;
  }

  note(what, size, start) {
    if (!this.recording) return;
    const name = `${what} ${size}`;
    if (!this.times.has(name)) this.times.set(name, new Samples());
    this.times.get(name).push((performance.now() - start) * 1000);
  }

  record() {
    this.recording = true;
  }

  /** Times by what and size, in microseconds. */
  finish() {
    this.recording = false;
    for (const [error, frames] of this.dropped) console.log(`${frames} frames dropped: ${error}`);
    const times = {};
    for (const [name, samples] of this.times) {
      const [p50, p99] = [samples.quantile(0.5), samples.quantile(0.99)];
      times[name] = { p50, p99, frames: samples.values.length };
    }
    return times;
  }
}

const frontOf = ({ use }) => (use.source === "microphone" ? NO_OPUS : []);

/** Lengthens frames to the sizes that are wanted. What is longer already stays so, and is not counted. */
function padding(options) {
  const [usual, large] = options.sizes;
  const front = frontOf(options);
  let frames = 0;
  return new TransformStream({
    transform(frame, out) {
      const size = large !== undefined && ++frames % LARGE_EVERY === 0 ? large : usual;
      const own = new Uint8Array(frame.data);
      const padded = new Uint8Array(Math.max(size, front.length + own.length + TRAILER));
      padded.set(front);
      padded.set(own, front.length);
      new DataView(padded.buffer).setUint32(padded.length - TRAILER, own.length);
      frame.data = padded.buffer;
      out.enqueue(frame);
    },
  });
}

function takeOff(options) {
  const start = frontOf(options).length;
  return (frame, out) => {
    const { data } = frame;
    const length = new DataView(data).getUint32(data.byteLength - TRAILER);
    frame.data = data.slice(start, start + length);
    out.enqueue(frame);
  };
}

/** The part that packetizers read: VP8's frame header, nothing of Opus. */
function clearBytes(frame) {
  if (!(frame instanceof RTCEncodedVideoFrame)) return 0;
  return (new Uint8Array(frame.data, 0, 1)[0] & 1) === 0 ? 10 : 3;
}
