/** The device's identity: an Ed25519 key that the browser keeps and never gives out. */

import { Failed } from "./failed.js";

const DATABASE = "tangelo";
const STORE = "identity";
const KEY = "device";

export interface Identity {
  /** 32 bytes. */
  publicKey: Uint8Array;
  sign(payload: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
}

/** The device's identity, made on first use. Where nothing can be stored it lasts as long as the worker. */
export async function loadIdentity(): Promise<Identity> {
  const pair = (await stored().catch(() => undefined)) ?? (await generate());
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return {
    publicKey,
    sign: async payload =>
      new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, payload)),
  };
}

async function generate(): Promise<CryptoKeyPair> {
  try {
    const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    if (!("privateKey" in pair)) throw new Error("not a key pair");
    return pair;
  } catch {
    throw new Failed("no_ed25519");
  }
}

async function stored(): Promise<CryptoKeyPair> {
  const database = await open();
  try {
    const found = await get(database);
    if (found !== undefined) return found;
    const fresh = await generate();
    return await putUnlessThere(database, fresh);
  } finally {
    database.close();
  }
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE);
  };
  return done(request);
}

async function get(database: IDBDatabase): Promise<CryptoKeyPair | undefined> {
  return pairOf(await done(database.transaction(STORE).objectStore(STORE).get(KEY)));
}

/** Two tabs may both find no key: the first one to store it wins, in one transaction. */
async function putUnlessThere(database: IDBDatabase, fresh: CryptoKeyPair): Promise<CryptoKeyPair> {
  const store = database.transaction(STORE, "readwrite").objectStore(STORE);
  const found = pairOf(await done(store.get(KEY)));
  if (found !== undefined) return found;
  await done(store.put({ publicKey: fresh.publicKey, privateKey: fresh.privateKey }, KEY));
  return fresh;
}

function pairOf(value: unknown): CryptoKeyPair | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { publicKey, privateKey } = value as Partial<CryptoKeyPair>;
  return publicKey instanceof CryptoKey && privateKey instanceof CryptoKey
    ? { publicKey, privateKey }
    : undefined;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the database refused"));
  });
}
