/** Addresses and room links. The fragment is the room's secret and never leaves the page but to the worker. */

import { tokenPart } from "./own-token.js";

export type Route =
  | { type: "home" }
  /** `link` is the path with its fragment, `room` the name alone. */
  | { type: "room"; link: string; room: string; secret: boolean }
  /** A secret room's link without its secret. */
  | { type: "secret_missing" }
  /** Not a room's name. */
  | { type: "bad_room" }
  | { type: "unknown" };

export type Typed =
  { type: "path"; path: string } | { type: "other_host"; host: string } | { type: "bad" };

const SECRET_ROOM = /^_[a-z2-7]{32}$/;
const NAMED_ROOM = /^[a-z0-9]+(-[a-z0-9]+)*$/;
/** A secret room's name that lost its mark must not open a room without a secret. */
const LOST_MARK = /^[a-z2-7]{32}$/;
const NAME_MAX = 40;

/** What an address of this server stands for. `hash` begins with `#` or is empty, as in `location`. */
export function routeOf(path: string, hash: string): Route {
  if (path === "/" || path === "") return { type: "home" };
  const room = /^\/r\/([^/]+)\/?$/.exec(path)?.[1];
  if (room === undefined) return { type: "unknown" };
  if (room.startsWith("_")) {
    if (!SECRET_ROOM.test(room)) return { type: "bad_room" };
    if (hash.length < 2) return { type: "secret_missing" };
    return { type: "room", link: `/r/${room}${hash}`, room, secret: true };
  }
  if (!isRoomName(room)) return { type: "bad_room" };
  // A named room has no secret: what follows a # is no part of it.
  return { type: "room", link: `/r/${room}`, room, secret: false };
}

export function isRoomName(text: string): boolean {
  return text.length <= NAME_MAX && NAMED_ROOM.test(text) && !LOST_MARK.test(text);
}

/** Reads what a person typed or pasted: a whole link, a path, or a room's name as people write names. */
export function readTyped(text: string, host: string): Typed {
  const trimmed = text.trim();
  if (/^https?:\/\//i.test(trimmed)) {
    const url = URL.parse?.(trimmed) ?? tryUrl(trimmed);
    if (url === null) return { type: "bad" };
    if (url.host !== host) return { type: "other_host", host: url.host };
    return readPath(url.pathname, url.hash);
  }
  const path = trimmed.startsWith(`${host}/`) ? trimmed.slice(host.length) : trimmed;
  if (path.startsWith("/")) {
    const at = path.indexOf("#");
    return at < 0 ? readPath(path, "") : readPath(path.slice(0, at), path.slice(at));
  }
  if (path.startsWith("_")) return readTyped(`/r/${path}`, host);
  const name = path.toLowerCase().replace(/[\s-]+/g, "-");
  return isRoomName(name) ? { type: "path", path: `/r/${name}` } : { type: "bad" };
}

/** A link is followed even if it lacks its secret: the page that it leads to says what is wrong. */
function readPath(path: string, hash: string): Typed {
  const route = routeOf(path, hash);
  if (route.type === "room") {
    return { type: "path", path: route.secret ? route.link : route.link + tokenPart(hash) };
  }
  return route.type === "secret_missing" ? { type: "path", path } : { type: "bad" };
}

function tryUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
