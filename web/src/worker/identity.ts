/** The device's identity: an Ed25519 key that stays on the device. */
import { type Kept, type SealedSeed, forgetIdentity, keep } from "./identity-store.js";

const SEED_BYTES = 32;
const IV_BYTES = 12;
const SEALED_FOR = new TextEncoder().encode("Tangelo 1.0 Soft Identity");

export interface Identity {
  /** 32 bytes. */
  publicKey: Uint8Array;
  sign(payload: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
}

/** An identity inside WASM, see `SoftIdentity` there. */
export interface SoftKey {
  public_key(): Uint8Array;
  sign(payload: Uint8Array): Uint8Array;
}

/**
 * The device's identity, made on first use. Where nothing can be stored it lasts as long as the worker. `soften`
 * makes a key inside WASM of a seed, for browsers whose WebCrypto has no Ed25519.
 */
export async function loadIdentity(
  soften: (seed: Uint8Array) => Promise<SoftKey>,
): Promise<Identity> {
  const kept = await keepOrMake();
  if (!("soft" in kept)) return hardIdentity(kept);
  const seed = await unseal(kept);
  if (seed !== undefined) return softIdentity(seed, soften);
  // Damaged: of no more use to anybody.
  await forgetIdentity().catch(() => undefined);
  return loadIdentity(soften);
}

async function keepOrMake(): Promise<Kept> {
  return (await keep(generate).catch(() => undefined)) ?? (await generate());
}

async function hardIdentity(pair: CryptoKeyPair): Promise<Identity> {
  return {
    publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)),
    sign: async payload =>
      new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, payload)),
  };
}

async function unseal({ key, iv, sealed }: SealedSeed): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt(sealing(iv), key, sealed));
  } catch {
    return undefined;
  }
}

async function softIdentity(
  seed: Uint8Array,
  soften: (seed: Uint8Array) => Promise<SoftKey>,
): Promise<Identity> {
  const soft = await soften(seed).finally(() => seed.fill(0));
  return {
    publicKey: soft.public_key(),
    sign: payload => Promise.resolve(soft.sign(payload)),
  };
}

/** A key that the browser never gives out; where it can make none, a seed under a key that it never gives out. */
async function generate(): Promise<Kept> {
  try {
    const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    if ("privateKey" in pair) return pair;
  } catch {
    // No Ed25519 in this browser.
  }
  return sealedSeed();
}

async function sealedSeed(): Promise<SealedSeed> {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const seed = crypto.getRandomValues(new Uint8Array(SEED_BYTES));
  try {
    return { soft: 1, key, iv, sealed: await crypto.subtle.encrypt(sealing(iv), key, seed) };
  } finally {
    seed.fill(0);
  }
}

function sealing(iv: Uint8Array<ArrayBuffer>): AesGcmParams {
  return { name: "AES-GCM", iv, additionalData: SEALED_FOR };
}
