/** What the browser remembers between calls, on this device alone. */

import { type Store, browserStore } from "./store.js";

const PREFIX = "tangelo.";

export type Preference =
  | "name"
  | "microphone"
  | "camera"
  | "speaker"
  | "microphone_off"
  | "camera_off"
  | "video_codec"
  | "language"
  | "layout"
  | "self_hidden"
  | "shortcuts_off"
  | "sounds_off"
  | "noise_suppression"
  | "background"
  | "background_image";

/** What was remembered; empty where nothing was, or where nothing can be stored. */
export function recall(preference: Preference): string {
  return read(preference) ?? "";
}

export function remember(preference: Preference, value: string): void {
  write(preference, value);
}

/** Keeps the secret that makes this device the host of a room. Whether it could be kept. */
export function rememberHostSecret(room: string, secret: string): boolean {
  return write(`host.${room}`, secret);
}

/** What was kept of that; empty where nothing was. */
export function recallHostSecret(room: string): string {
  return read(`host.${room}`) ?? "";
}

/** Where it stands whom this device has met: see `Marks` and `LastTime`. */
export const PEOPLE_KEY = `${PREFIX}people`;
export const LAST_TIME_KEY = `${PREFIX}last_time`;

/** Forgets everyone that this device has met, in which room, and every mark. */
export function forgetPeople(store: Store | undefined = browserStore()): void {
  try {
    store?.removeItem(PEOPLE_KEY);
    store?.removeItem(LAST_TIME_KEY);
  } catch {
    // Then there is nothing to forget.
  }
}

function read(key: string): string | undefined {
  try {
    return localStorage.getItem(PREFIX + key) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(key: string, value: string): boolean {
  try {
    localStorage.setItem(PREFIX + key, value);
    return true;
  } catch {
    return false;
  }
}
