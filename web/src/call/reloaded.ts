/**
 * A page that is loaded anew in the middle of a call goes back into it. This tab alone remembers that it was in one, and in which
 * room; no secret, which is in the address.
 */
import type { DevicesView } from "./device-view.js";

const KEY = "tangelo.in_call";

/** What was noted before is of another day: a browser may load a page anew by itself long after it has closed it. */
const FRESH_MS = 60_000;
/** So often it is to be noted again. */
export const NOTE_EVERY_MS = 10_000;

/** What this tab was in, and what was on. */
export interface InCall {
  room: string;
  /** Under which the person was there: another tab may have another one. */
  name: string;
  microphone: boolean;
  camera: boolean;
}

/** Where a tab keeps what is its own. */
type TabStore = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** The tab is in this call. To be said again when a device was turned on or off, and every `NOTE_EVERY_MS`. */
export function noteInCall(
  room: string,
  name: string,
  devices: DevicesView,
  store = tabStore(),
  now = Date.now(),
): void {
  const { microphone, camera } = devices;
  const noted = { room, name, microphone: microphone.on, camera: camera.on, at: now };
  try {
    store?.setItem(KEY, JSON.stringify(noted));
  } catch {
    // Then a reload leads to the lobby.
  }
}

/** The call is over for this tab, otherwise than by its page being closed. */
export function noteLeft(store = tabStore()): void {
  try {
    store?.removeItem(KEY);
  } catch {
    // Nothing was noted either.
  }
}

/**
 * What this tab was in when its page was reloaded, if that was the call whose page this is. To be asked once, when the page begins. A tab
 * that was duplicated, or opened again, was in none: another one may be in the call, and nobody is to be seen and heard without a click.
 */
export function takeReloaded(
  path: string,
  navigation = navigationType(),
  store = tabStore(),
  now = Date.now(),
): InCall | undefined {
  try {
    const text = store?.getItem(KEY) ?? null;
    store?.removeItem(KEY);
    if (text === null || navigation !== "reload") return undefined;
    const noted = JSON.parse(text) as Partial<InCall> & { at?: number };
    const age = now - (noted.at ?? 0);
    if (!(age >= 0 && age < FRESH_MS)) return undefined;
    const { room, name } = noted;
    if (typeof room !== "string" || typeof name !== "string" || name === "") return undefined;
    if (path !== `/r/${room}` && path !== `/r/${room}/`) return undefined;
    return { room, name, microphone: noted.microphone === true, camera: noted.camera === true };
  } catch {
    return undefined;
  }
}

function tabStore(): TabStore | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}

/** How this page came to be. */
function navigationType(): string {
  const [entry] = globalThis.performance?.getEntriesByType("navigation") ?? [];
  return (entry as PerformanceNavigationTiming | undefined)?.type ?? "";
}
