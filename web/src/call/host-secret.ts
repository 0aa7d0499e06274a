/**
 * The secret that makes this device a host of a room. It comes with a host's link, and leaves the address bar at once: what
 * people copy from there is the link for everyone.
 */
import { recallHostSecret, rememberHostSecret } from "./preferences.js";

/** Those that links brought, by room, until the core has found them right: a wrong one must not take a right one's place. */
const brought = new Map<string, string>();

/** The fragment of a room's address without the host's secret, which is noted. `path` and `hash` as in `location`. */
export function takeHostSecret(path: string, hash: string): string {
  const room = /^\/r\/(_[^/]+)\/?$/.exec(path)?.[1];
  const dot = hash.indexOf(".");
  if (room === undefined || dot < 0) return hash;
  if (dot + 1 < hash.length) brought.set(room, hash.slice(dot + 1));
  return hash.slice(0, dot);
}

/** The link with what makes this device a host, if it has that. `link` is the path with its fragment. */
export function hostLink(link: string, room: string): string {
  const secret = brought.get(room) ?? recallHostSecret(room);
  return secret === "" ? link : `${link}.${secret}`;
}

/** The core took the secret that a link brought: this device is a host of the room from now on. */
export function keepHostSecret(room: string): void {
  const secret = brought.get(room);
  if (secret !== undefined && rememberHostSecret(room, secret)) brought.delete(room);
}
