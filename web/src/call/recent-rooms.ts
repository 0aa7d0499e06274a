/** The rooms that this device was in, to find them again. Stays on the device; the links are the keys to the rooms. */
import { routeOf } from "./link.js";
import { type Store, browserStore } from "./store.js";

export interface RecentRoom {
  /** Path and fragment. */
  readonly link: string;
  /** When it was last entered, in milliseconds since 1970. */
  readonly at: number;
}

const KEY = "tangelo.rooms";
const ROOMS_MAX = 8;

/** The latest first. */
export function recentRooms(store: Store | undefined = browserStore()): readonly RecentRoom[] {
  try {
    const read: unknown = JSON.parse(store?.getItem(KEY) ?? "[]");
    return Array.isArray(read) ? read.filter(isRoom).slice(0, ROOMS_MAX) : [];
  } catch {
    return [];
  }
}

export function rememberRoom(
  link: string,
  at = Date.now(),
  store: Store | undefined = browserStore(),
): void {
  const others = recentRooms(store).filter(room => room.link !== link);
  write([{ link, at }, ...others], store);
}

export function forgetRoom(link: string, store: Store | undefined = browserStore()): void {
  write(
    recentRooms(store).filter(room => room.link !== link),
    store,
  );
}

function write(rooms: readonly RecentRoom[], store: Store | undefined): void {
  try {
    if (rooms.length === 0) store?.removeItem(KEY);
    else store?.setItem(KEY, JSON.stringify(rooms.slice(0, ROOMS_MAX)));
  } catch {
    // Where nothing can be kept there are no recent rooms.
  }
}

function isRoom(value: unknown): value is RecentRoom {
  const room = value as { link?: unknown; at?: unknown } | null;
  if (typeof room?.link !== "string" || typeof room.at !== "number") return false;
  const [path = "", secret] = room.link.split("#");
  const route = routeOf(path, secret === undefined ? "" : `#${secret}`);
  return route.type === "room" && route.link === room.link;
}
