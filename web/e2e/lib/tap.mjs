// Reads what `tangelo serve --tap FILE` writes: the RTP packets that the SFU forwarded, put together to frames.
import { readFile } from "node:fs/promises";

/** Source ports of the tap's made-up UDP headers. */
const SOURCES = new Map([
  [5004, "microphone"],
  [5006, "camera"],
]);

/** What Chromium and Firefox call the codecs. */
const CODECS = new Map([
  [96, "vp8"],
  [98, "vp9"],
  [111, "opus"],
  [120, "vp8"],
  [121, "vp9"],
  [109, "opus"],
]);

/**
 * Frames in order: `{sender, receiver, stream, source, codec, timestamp, whole, bytes}`; a stream is one source on its
 * way to one receiver, and sender and receiver are the first three bytes of the clients' ids. Of a frame that is not
 * whole there are the bytes before the first gap, and none if its beginning is missing.
 */
export async function readFrames(file) {
  const pcap = await readFile(file);
  const frames = new Map();
  let at = 24;
  while (at + 16 <= pcap.length) {
    const length = pcap.readUInt32LE(at + 8);
    const packet = pcap.subarray(at + 16, at + 16 + length);
    if (packet.length < length) break;
    at += 16 + length;
    // IPv4 without options (20 bytes), UDP (8), RTP without extensions (12).
    const source = SOURCES.get(packet.readUInt16BE(20));
    const rtp = packet.subarray(28);
    const payload = rtp.subarray(12);
    if (source === undefined || payload.length === 0) continue;
    const stream = `${packet.subarray(12, 20).toString("hex")} ${source} ${rtp.readUInt32BE(8)}`;
    const timestamp = rtp.readUInt32BE(4);
    const key = `${stream} ${timestamp}`;
    const codec = CODECS.get(rtp[1] & 0x7f);
    if (codec === undefined) throw new Error(`payload type ${rtp[1] & 0x7f} in the tap`);
    const [sender, receiver] = [13, 17].map(from => packet.toString("hex", from, from + 3));
    const about = { sender, receiver, stream, source, codec, timestamp };
    const frame = frames.get(key) ?? { about, parts: new Map() };
    frame.parts.set(rtp.readUInt16BE(2), {
      bytes: WITHOUT_DESCRIPTOR[codec](payload),
      begins: BEGINS[codec](payload),
      ends: codec === "opus" || (rtp[1] & 0x80) !== 0,
    });
    frames.set(key, frame);
  }
  return [...frames.values()].map(({ about, parts }) => ({ ...about, ...joined(parts) }));
}

/** A frame's packets, by number, in their order, as far as they are there. Lost ones come late, or not at all. */
function joined(parts) {
  const [first] = [...parts].find(([, { begins }]) => begins) ?? [];
  const bytes = [];
  let part = parts.get(first);
  for (let number = first; part !== undefined; part = parts.get(number)) {
    bytes.push(part.bytes);
    if (part.ends) return { whole: true, bytes: Buffer.concat(bytes) };
    number = (number + 1) & 0xffff;
  }
  return { whole: false, bytes: Buffer.concat(bytes) };
}

/** Whether a packet is the first of its frame: of VP8's first partition, of a VP9 frame. */
const BEGINS = {
  opus: () => true,
  vp8: ([first]) => (first & 0x1f) === 0x10,
  vp9: ([first]) => (first & 0x08) !== 0,
};

const WITHOUT_DESCRIPTOR = {
  opus: payload => payload,
  vp8: withoutVp8Descriptor,
  vp9: withoutVp9Descriptor,
};

/** RFC 9628 section 4.2. */
function withoutVp9Descriptor(payload) {
  const [first] = payload;
  const flexible = first & 0x10;
  let length = 1;
  if (first & 0x80) length += payload[length] & 0x80 ? 2 : 1;
  if (first & 0x20) length += flexible ? 1 : 2;
  if (flexible && first & 0x40) while (payload[length++] & 1);
  if (first & 0x02) {
    const structure = payload[length++];
    if (structure & 0x10) length += 4 * ((structure >> 5) + 1);
    if (structure & 0x08) {
      for (let pictures = payload[length++]; pictures > 0; pictures--) {
        length += 1 + ((payload[length] >> 2) & 3);
      }
    }
  }
  return payload.subarray(length);
}

/** RFC 7741 section 4.2. */
function withoutVp8Descriptor(payload) {
  let length = 1;
  if (payload[0] & 0x80) {
    const extension = payload[1];
    length++;
    if (extension & 0x80) length += payload[length] & 0x80 ? 2 : 1;
    if (extension & 0x40) length++;
    if (extension & 0x30) length++;
  }
  return payload.subarray(length);
}

/** Takes an SFrame header apart (RFC 9605 section 4.3). */
export function sframeHeader(bytes) {
  const config = bytes[0];
  let at = 1;
  const field = (extended, value) => {
    if (!extended) return BigInt(value);
    let number = 0n;
    for (let left = value + 1; left > 0; left--) number = (number << 8n) | BigInt(bytes[at++]);
    return number;
  };
  const keyId = field(config & 0x80, (config >> 4) & 7);
  const counter = field(config & 0x08, config & 7);
  return { keyId, counter, length: at };
}
