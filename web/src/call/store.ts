/** Where the browser keeps what a device remembers. */

export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Nothing where the browser gives a page no place for it. */
export function browserStore(): Store | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
