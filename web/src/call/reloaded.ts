/**
 * A page that is loaded anew in the middle of a call goes back into it. This tab alone remembers that it was in one, and in which
 * room; no secret, which is in the address.
 */
import type { DevicesView } from "./device-view.js";

const KEY = "tangelo.in_call";

/** What this tab was in, and what was on. */
export interface InCall {
  room: string;
  microphone: boolean;
  camera: boolean;
}

/** Where a tab keeps what is its own. */
type TabStore = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** The tab is in this call. To be said again when a device was turned on or off. */
export function noteInCall(room: string, devices: DevicesView, store = tabStore()): void {
  const { microphone, camera } = devices;
  const noted: InCall = { room, microphone: microphone.on, camera: camera.on };
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
 * What this tab was in when its page was reloaded, if that was a call in `room`. Said once. A tab that was duplicated, or opened again,
 * was in none: another one may be in the call, and nobody is to be seen and heard without a click.
 */
export function takeReloaded(
  room: string,
  navigation = navigationType(),
  store = tabStore(),
): InCall | undefined {
  try {
    const text = store?.getItem(KEY) ?? null;
    store?.removeItem(KEY);
    if (text === null || navigation !== "reload") return undefined;
    const noted = JSON.parse(text) as Partial<InCall>;
    if (noted.room !== room) return undefined;
    return { room, microphone: noted.microphone === true, camera: noted.camera === true };
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

let asked = false;

/** How this page came to be; for the first that asks, since what comes later is no reload. */
function navigationType(): string {
  if (asked) return "";
  asked = true;
  const [entry] = globalThis.performance?.getEntriesByType("navigation") ?? [];
  return (entry as PerformanceNavigationTiming | undefined)?.type ?? "";
}
