// Frames one after the other: the app's own way through its core, copies included, and WebCrypto.
import { FrameCrypto } from "../src/worker/frame-crypto.ts";
import { SIZES, Samples, sizeName } from "./samples.mjs";

/** A batch takes about so long: the clock steps by 5 us. */
const BATCH_US = 500;
/** WASM runs slowly until the browser has seen that it is worth more. */
const WARM_MS = 700;

export async function hotFigures(cores, quick) {
  const subjects = [];
  for (const [name, core] of cores) {
    subjects.push({
      who: name === "wasm" ? "Tangelo" : `Tangelo, profile ${name}`,
      ...ourWay(core),
    });
  }
  subjects.push({ who: "WebCrypto AES-128-GCM", ...(await webCrypto()) });
  const figures = [];
  for (const size of SIZES) {
    const frame = new Uint8Array(size).fill(0x55).buffer;
    const times = subjects.map(() => ({ encrypt: new Samples(), decrypt: new Samples() }));
    const counts = [];
    for (const subject of subjects) {
      const warm = await warmed(subject, frame);
      const fastest = Math.max(0.5, Math.min(warm.encrypt, warm.decrypt));
      counts.push(Math.min(400, Math.max(4, Math.round(BATCH_US / fastest))));
    }
    // In turns, so that all of them meet the same disturbances.
    for (let turn = 0; turn < (quick ? 30 : 300); turn++) {
      for (const [index, subject] of subjects.entries()) {
        const took = await batch(subject, frame, counts[index]);
        times[index].encrypt.push(took.encrypt);
        times[index].decrypt.push(took.decrypt);
      }
    }
    for (const [index, { who }] of subjects.entries()) {
      for (const what of ["encrypt", "decrypt"]) {
        for (const [name, share] of Object.entries({ p50: 0.5, p99: 0.99 })) {
          const value = times[index][what].quantile(share);
          const label = `${who}: ${what} ${sizeName(size)} hot, ${name}`;
          figures.push({ section: "hot", label, value, unit: "us" });
        }
      }
    }
  }
  return figures;
}

/** Batches until the browser has compiled everything for speed; the times of the last. */
async function warmed(subject, frame) {
  const end = performance.now() + WARM_MS;
  for (;;) {
    const took = await batch(subject, frame, 16);
    if (performance.now() > end) return took;
  }
}

/** Mean times of a batch, in microseconds. */
async function batch(subject, frame, count) {
  const sealed = [];
  let start = performance.now();
  if (subject.sync) for (let i = 0; i < count; i++) sealed.push(subject.encrypt(frame));
  else for (let i = 0; i < count; i++) sealed.push(await subject.encrypt(frame));
  const encrypt = ((performance.now() - start) * 1000) / count;
  let opened;
  start = performance.now();
  if (subject.sync) for (const one of sealed) opened = subject.decrypt(one);
  else for (const one of sealed) opened = await subject.decrypt(one);
  const decrypt = ((performance.now() - start) * 1000) / count;
  if (!(opened instanceof ArrayBuffer) || opened.byteLength !== frame.byteLength) {
    throw new Error(`${subject.who}: a frame did not come out as it went in`);
  }
  return { encrypt, decrypt };
}

function ourWay({ memory, call }) {
  const [sender, receiver] = call.people;
  const [sealing, opening] = [sender, receiver].map(
    ({ core }) => new FrameCrypto(core, memory, () => call.nowMs()),
  );
  const from = sender.core.sender("camera");
  const to = receiver.core.receiver(sender.client, "camera");
  return {
    sync: true,
    encrypt: frame => sealing.seal(from, "vp8", frame),
    decrypt: frame => opening.open(to, 0, "vp8", frame),
  };
}

async function webCrypto() {
  const cipher = await AesGcm.make();
  return {
    sync: false,
    encrypt: frame => cipher.encrypt(new Uint8Array(frame)),
    decrypt: frame => cipher.decrypt(new Uint8Array(frame)),
  };
}

/** What one would do without WASM: AES-GCM with a counter as nonce, which travels in front. */
export class AesGcm {
  static async make() {
    const usages = ["encrypt", "decrypt"];
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, false, usages);
    return new AesGcm(key);
  }

  counter = 0;

  constructor(key) {
    this.key = key;
  }

  async encrypt(frame) {
    const iv = new Uint8Array(12);
    new DataView(iv.buffer).setUint32(8, this.counter++);
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, this.key, frame);
    const out = new Uint8Array(12 + sealed.byteLength);
    out.set(iv);
    out.set(new Uint8Array(sealed), 12);
    return out.buffer;
  }

  decrypt(sealed) {
    const iv = sealed.subarray(0, 12);
    return crypto.subtle.decrypt({ name: "AES-GCM", iv }, this.key, sealed.subarray(12));
  }
}
