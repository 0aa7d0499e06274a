/** Where the browser keeps the device's identity. */

const DATABASE = "tangelo";
const STORE = "identity";
const KEY = "device";

/** What is kept; the database can hold nothing but what the browser's own cryptography guards. */
export type Kept = CryptoKeyPair | SealedSeed;

/** A seed for browsers without Ed25519, sealed with a key that cannot be read. */
export interface SealedSeed {
  soft: 1;
  key: CryptoKey;
  iv: Uint8Array<ArrayBuffer>;
  sealed: ArrayBuffer;
}

/** What is kept already, or what `make` makes. Fails where nothing can be stored. */
export async function keep(make: () => Promise<Kept>): Promise<Kept> {
  return withDatabase(async database => {
    const found = keptOf(await done(database.transaction(STORE).objectStore(STORE).get(KEY)));
    if (found !== undefined) return found;
    const fresh = await make();
    // Two tabs may both find nothing: the first one to store wins, in one transaction.
    const store = database.transaction(STORE, "readwrite").objectStore(STORE);
    const first = keptOf(await done(store.get(KEY)));
    if (first !== undefined) return first;
    await done(store.put({ ...fresh }, KEY));
    return fresh;
  });
}

/** Forgets the identity, so that the next call begins with another. Calls that go on keep theirs in memory. */
export async function forgetIdentity(): Promise<void> {
  await withDatabase(async database => {
    const transaction = database.transaction(STORE, "readwrite");
    const written = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("the database refused"));
    });
    transaction.objectStore(STORE).delete(KEY);
    await written;
  });
}

async function withDatabase<T>(use: (database: IDBDatabase) => Promise<T>): Promise<T> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE);
  };
  const database = await done(request);
  try {
    return await use(database);
  } finally {
    database.close();
  }
}

function keptOf(value: unknown): Kept | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { publicKey, privateKey } = value as Partial<CryptoKeyPair>;
  if (publicKey instanceof CryptoKey && privateKey instanceof CryptoKey) {
    return { publicKey, privateKey };
  }
  const { soft, key, iv, sealed } = value as Partial<SealedSeed>;
  if (soft !== 1 || !(key instanceof CryptoKey)) return undefined;
  if (!(iv instanceof Uint8Array) || !(sealed instanceof ArrayBuffer)) return undefined;
  return { soft, key, iv, sealed };
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the database refused"));
  });
}
