// Makes frames.json with Node.js's own cryptography, apart from the Rust code that is tested with it:
//   node vectors/make-frames.mjs          writes the file
//   node vectors/make-frames.mjs --check  says whether the file is what this makes
import { createCipheriv, hkdfSync, createHmac } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";

const FILE = new URL("frames.json", import.meta.url);
const CODECS = { opus: 1, vp8: 2, vp9: 3 };
const SOURCES = { microphone: 1, camera: 2, screen: 3, screen_audio: 4 };
const CONTEXTS = { microphone: 0, screen_audio: 1, camera: 2, screen: 5 };
const AES_128_GCM_SHA256_128 = 4;

const BASE_KEY = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
const OTHER_KEY = Buffer.from("f0e1d2c3b4a5968778695a4b3c2d1e0f", "hex");
const VP8_KEY_FRAME = Buffer.from("108a009d012a8002e001" + "0047088585889984", "hex");
const VP8_DELTA_FRAME = Buffer.from("318a00" + "0110101400188000", "hex");
const VP9_KEY_FRAME = Buffer.from("824983420013f00ef600387812e81c", "hex");
const VP9_DELTA_FRAME = Buffer.from("8400d8420a", "hex");
/** 20 ms at 32 kbit/s: no padding. Silence suppressed: 79 bytes of it. */
const OPUS = Buffer.concat([Buffer.from([0x78]), Buffer.alloc(79, 0x5a)]);
const OPUS_SILENT = Buffer.from("78fffe", "hex");
const OPUS_LONG = Buffer.concat([Buffer.from([0x78]), Buffer.alloc(90, 0xa5)]);

const VECTORS = [
  { codec: "opus", source: "microphone", layer: 0, leaf: 0, epoch: 1, counter: 0, frame: OPUS },
  { codec: "opus", source: "microphone", layer: 0, leaf: 3, epoch: 63, counter: 7, frame: OPUS_SILENT },
  { codec: "opus", source: "microphone", layer: 0, leaf: 3, epoch: 64, counter: 8, frame: OPUS_LONG },
  { codec: "opus", source: "screen_audio", layer: 0, leaf: 1023, epoch: 131, counter: 255, frame: OPUS },
  { codec: "vp8", source: "camera", layer: 0, leaf: 0, epoch: 1, counter: 0, frame: VP8_KEY_FRAME },
  { codec: "vp8", source: "camera", layer: 1, leaf: 5, epoch: 2, counter: 256, frame: VP8_DELTA_FRAME },
  { codec: "vp8", source: "camera", layer: 2, leaf: 5, epoch: 2, counter: 0x4567, frame: VP8_DELTA_FRAME },
  { codec: "vp8", source: "screen", layer: 0, leaf: 1, epoch: 3, counter: 65536, frame: VP8_KEY_FRAME },
  { codec: "vp9", source: "camera", layer: 0, leaf: 0, epoch: 1, counter: 1, frame: VP9_KEY_FRAME },
  { codec: "vp9", source: "camera", layer: 0, leaf: 1023, epoch: 1_000_000, counter: 0xffffff, frame: VP9_DELTA_FRAME },
  { codec: "vp9", source: "screen", layer: 2, leaf: 77, epoch: 4_294_967_299, counter: 0x100000000, frame: VP9_KEY_FRAME },
  { codec: "vp9", source: "screen", layer: 0, leaf: 77, epoch: 4, counter: 2, frame: Buffer.alloc(0) },
];

/** RFC 9605 section 4.3. */
function header(kid, counter) {
  const field = value => {
    if (value < 8n) return [Number(value), Buffer.alloc(0)];
    const hex = value.toString(16);
    const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
    return [8 | (bytes.length - 1), bytes];
  };
  const [k, kidBytes] = field(kid);
  const [c, counterBytes] = field(counter);
  return Buffer.concat([Buffer.from([(k << 4) | c]), kidBytes, counterBytes]);
}

/** RFC 9605 section 4.4.2. */
function derive(baseKey, kid) {
  const tail = Buffer.alloc(10);
  tail.writeBigUInt64BE(kid);
  tail.writeUInt16BE(AES_128_GCM_SHA256_128, 8);
  const label = kind => Buffer.concat([Buffer.from(`SFrame 1.0 Secret ${kind} `), tail]);
  const expand = (kind, length) =>
    Buffer.from(hkdfSync("sha256", baseKey, Buffer.alloc(0), label(kind), length));
  const secret = createHmac("sha256", Buffer.alloc(32)).update(baseKey).digest();
  return { secret, key: expand("key", 16), salt: expand("salt", 12) };
}

/** RFC 6716 section 3.2.5, for packets of one frame. */
function padded(packet) {
  const size = [80, 120].find(size => size >= packet.length);
  const added = size - (packet.length + 1);
  if (added < 0) return packet;
  if (added === 0) return Buffer.concat([Buffer.from([packet[0] | 3, 0x01]), packet.subarray(1)]);
  return Buffer.concat([
    Buffer.from([packet[0] | 3, 0x41, added - 1]),
    packet.subarray(1),
    Buffer.alloc(added - 1),
  ]);
}

function clearBytes(codec, frame) {
  if (codec !== "vp8") return 0;
  return (frame[0] & 1) === 0 ? 10 : 3;
}

function vector({ codec, source, layer, leaf, epoch, counter, frame }, index) {
  const baseKey = index % 2 === 0 ? BASE_KEY : OTHER_KEY;
  const context = CONTEXTS[source] + layer;
  const kid = (BigInt(context) << 16n) | (BigInt(leaf) << 6n) | (BigInt(epoch) % 64n);
  const content = codec === "opus" ? padded(frame) : frame;
  const clear = content.subarray(0, clearBytes(codec, content));
  const sframeHeader = header(kid, BigInt(counter));
  const { secret, key, salt } = derive(baseKey, kid);
  const nonce = Buffer.from(salt);
  const low = Buffer.alloc(8);
  low.writeBigUInt64BE(BigInt(counter));
  low.forEach((byte, at) => (nonce[at + 4] ^= byte));
  const aad = Buffer.concat([sframeHeader, Buffer.from([CODECS[codec], SOURCES[source]]), clear]);
  const cipher = createCipheriv("aes-128-gcm", key, nonce).setAAD(aad);
  const ciphertext = Buffer.concat([cipher.update(content.subarray(clear.length)), cipher.final()]);
  const tag = cipher.getAuthTag();
  const hex = Object.fromEntries(
    Object.entries({
      base_key: baseKey,
      frame,
      content,
      clear,
      header: sframeHeader,
      sframe_secret: secret,
      sframe_key: key,
      sframe_salt: salt,
      nonce,
      aad,
      sealed: Buffer.concat([clear, sframeHeader, ciphertext, tag]),
    }).map(([name, bytes]) => [name, bytes.toString("hex")]),
  );
  return { codec, source, layer, leaf, epoch, counter, context, kid: Number(kid), ...hex };
}

const about =
  "Sealed frames (docs/protocol.md, media frames), made by make-frames.mjs. `frame` is what the encoder gives; `content` is it after padding (Opus); `sealed` is what is sent. Bytes are hexadecimal.";
const text = JSON.stringify({ about, frames: VECTORS.map(vector) }, null, 2) + "\n";
if (process.argv.includes("--check")) {
  const same = (await readFile(FILE, "utf8")) === text;
  console.log(same ? "frames.json is up to date" : "frames.json differs: node vectors/make-frames.mjs");
  process.exitCode = same ? 0 : 1;
} else {
  await writeFile(FILE, text);
}
