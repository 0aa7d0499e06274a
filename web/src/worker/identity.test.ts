import assert from "node:assert/strict";
import { test } from "node:test";
import { type SoftKey, loadIdentity } from "./identity.js";

/** Node has no IndexedDB: as in a browser that stores nothing. */
const payload = new Uint8Array([1, 2, 3]);

test("with Ed25519 in WebCrypto the key is the browser's and nothing is made in WASM", async () => {
  const identity = await loadIdentity(() => Promise.reject(new Error("not asked for")));
  const key = await crypto.subtle.importKey("raw", bytes(identity.publicKey), "Ed25519", true, [
    "verify",
  ]);
  const signature = await identity.sign(payload);
  assert(await crypto.subtle.verify("Ed25519", key, bytes(signature), payload));
});

test("without it a seed is made, given to WASM, and wiped", async () => {
  const { generateKey } = crypto.subtle;
  const seeds: { given: Uint8Array; copy: number[] }[] = [];
  crypto.subtle.generateKey = ((algorithm: unknown, ...rest: [boolean, KeyUsage[]]) =>
    algorithm === "Ed25519"
      ? Promise.reject(new Error("NotSupportedError"))
      : generateKey.call(crypto.subtle, algorithm as AesKeyGenParams, ...rest)) as never;
  try {
    const soft: SoftKey = {
      public_key: () => new Uint8Array(32).fill(7),
      sign: data => data.slice().reverse(),
    };
    const identity = await loadIdentity(seed => {
      seeds.push({ given: seed, copy: [...seed] });
      return Promise.resolve(soft);
    });
    assert.deepEqual(
      [...identity.publicKey],
      Array.from({ length: 32 }, () => 7),
    );
    assert.deepEqual([...(await identity.sign(payload))], [3, 2, 1]);
  } finally {
    crypto.subtle.generateKey = generateKey;
  }
  assert.equal(seeds.length, 1);
  const [seed] = seeds;
  assert(seed !== undefined);
  assert.equal(seed.copy.length, 32);
  assert(seed.copy.some(byte => byte !== 0));
  assert(
    seed.given.every(byte => byte === 0),
    "wiped",
  );
});

function bytes(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data);
}
