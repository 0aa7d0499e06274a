/**
 * The token that a link brought: its person's own, to show to a server that does not let everyone in who has the link. It leaves the
 * address bar at once, since what people copy from there is the link for everyone. Once the server has taken
 * it, the tab keeps it for a reload.
 */
import type { Store } from "./store.js";

/** What comes with the start page is for every room. */
const EVERY_ROOM = "*";
/** More than any token has; the core says what is wrong with what is none. */
const LENGTH_MAX = 4_096;
const NAME_MAX = 40;

/** Those that links brought, by room, until the server has taken them: a wrong one must not stick to the tab. */
const brought = new Map<string, string>();

/** The fragment of an address without the token, which is noted. `path` and `hash` as in `location`. */
export function takeToken(path: string, hash: string): string {
  const room = path === "/" ? EVERY_ROOM : roomOf(path);
  const [rest, token] = split(hash);
  if (room === undefined) return rest;
  if (token !== "") {
    brought.set(room, token);
  } else if (room !== EVERY_ROOM) {
    // Who comes back to the start page has not opened it anew.
    brought.delete(room);
  }
  return rest;
}

/** The call in this room has begun, so the server took the token that a link brought: a reload of the tab finds it. */
export function keepToken(room: string, store = tabStore()): void {
  const of = known(room, store) === undefined ? EVERY_ROOM : room;
  const token = brought.get(of);
  if (token === undefined) return;
  try {
    if (store === undefined) return;
    store.setItem(keyOf(of), token);
    brought.delete(of);
  } catch {
    // It is known until the page is reloaded.
  }
}

/** What a link in which a person pasted it has behind the rest; empty without a token. `hash` begins with `#` or is empty. */
export function tokenPart(hash: string): string {
  return hash.startsWith("#token=") ? hash : "";
}

/** The link with the token for the server, if there is one. `link` is the path with its fragment. */
export function linkWithToken(link: string, room: string): string {
  const token = tokenFor(room);
  if (token === undefined) return link;
  return `${link}${link.includes("#") ? "&" : "#"}token=${token}`;
}

/** The token for a room; without one, that for every room. */
export function tokenFor(room: string, store = tabStore()): string | undefined {
  return known(room, store) ?? known(EVERY_ROOM, store);
}

/** Whether this tab has a token for rooms that do not exist yet. */
export function hasTokenForEveryRoom(store = tabStore()): boolean {
  return known(EVERY_ROOM, store) !== undefined;
}

/** The name that who issued the token knows this person by, to be suggested; empty without one. */
export function suggestedName(room: string): string {
  return nameIn(tokenFor(room) ?? "");
}

/** What a token calls its person. It is not checked: the person sees it, and may change it. */
export function nameIn(token: string): string {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), character => character.charCodeAt(0));
    const { name } = JSON.parse(new TextDecoder().decode(bytes)) as { name?: unknown };
    return typeof name === "string" ? [...name.trim()].slice(0, NAME_MAX).join("") : "";
  } catch {
    return "";
  }
}

/** A fragment and the token behind it. */
function split(hash: string): [rest: string, token: string] {
  const alone = "#token=";
  const behind = "&token=";
  const at = hash.startsWith(alone) ? 0 : hash.indexOf(behind);
  if (at < 0) return [hash, ""];
  return [hash.slice(0, at), hash.slice(at + alone.length, at + alone.length + LENGTH_MAX)];
}

function roomOf(path: string): string | undefined {
  return /^\/r\/([^/]+)\/?$/.exec(path)?.[1];
}

function known(room: string, store: TabStore | undefined): string | undefined {
  try {
    return brought.get(room) ?? store?.getItem(keyOf(room)) ?? undefined;
  } catch {
    return undefined;
  }
}

function keyOf(room: string): string {
  return `tangelo.token.${room}`;
}

type TabStore = Pick<Store, "getItem" | "setItem">;

/** Nothing where the browser gives a page no place for it. */
function tabStore(): TabStore | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}
