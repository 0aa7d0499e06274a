/** The header of a sealed frame taken apart (RFC 9605 section 4.3); worker and page use it. */
import type { Source } from "./generated/Source.js";

export interface SframeHeader {
  /** Length in bytes. */
  readonly length: number;
  /** Bytes of the key id and of the counter after the first byte; 0 where the first byte holds it. */
  readonly keyIdBytes: number;
  readonly counterBytes: number;
  readonly keyId: number;
  readonly counter: number;
}

/** Nothing where the bytes are too few, or a number is longer than any of Tangelo's gets in a call. */
export function readSframeHeader(bytes: Uint8Array): SframeHeader | undefined {
  const first = bytes[0];
  if (first === undefined) return undefined;
  const long = (flag: number, field: number) => ((first & flag) === 0 ? 0 : field + 1);
  const keyField = (first >> 4) & 7;
  const counterField = first & 7;
  const keyIdBytes = long(0x80, keyField);
  const counterBytes = long(0x08, counterField);
  const length = 1 + keyIdBytes + counterBytes;
  if (bytes.length < length) return undefined;
  const keyId = keyIdBytes === 0 ? keyField : number(bytes.subarray(1, 1 + keyIdBytes));
  const counter =
    counterBytes === 0 ? counterField : number(bytes.subarray(1 + keyIdBytes, length));
  if (!Number.isSafeInteger(keyId) || !Number.isSafeInteger(counter)) return undefined;
  return { length, keyIdBytes, counterBytes, keyId, counter };
}

function number(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

/** What a key id says: `context << 16 | leaf << 6 | epoch mod 64`. */
export interface KeyIdParts {
  readonly context: number;
  readonly source: Source | undefined;
  /** Simulcast layer. */
  readonly layer: number;
  readonly leaf: number;
  readonly epochMod64: number;
}

/** First context and number of layers of each source, as the core has them. */
const CONTEXTS: readonly (readonly [Source, number, number])[] = [
  ["microphone", 0, 1],
  ["screen_audio", 1, 1],
  ["camera", 2, 3],
  ["screen", 5, 3],
];

export function readKeyId(keyId: number): KeyIdParts {
  const context = Math.floor(keyId / 0x10000);
  const of = CONTEXTS.find(([, first, layers]) => context >= first && context < first + layers);
  return {
    context,
    source: of?.[0],
    layer: of === undefined ? 0 : context - of[1],
    leaf: Math.floor(keyId / 64) % 1024,
    epochMod64: keyId % 64,
  };
}

/** The latest epoch up to one to come soon that a key id can belong to; nothing if it was never. */
export function epochOf(epochMod64: number, newest: number): number | undefined {
  const ahead = (((epochMod64 - newest) % 64) + 64) % 64;
  const epoch = newest + (ahead < 32 ? ahead : ahead - 64);
  return epoch < 0 ? undefined : epoch;
}

/** How many bytes of a frame stay in clear before the header: a decoder needs them. */
export function clearBytes(codec: string, firstByte: number): number {
  if (codec !== "vp8") return 0;
  return (firstByte & 1) === 0 ? 10 : 3;
}
