/** The TURN servers that the host has named: checked, and renewed before their credentials run out. */
import type { CallEvent } from "../worker/messages.js";
import { report } from "../report.js";

/** `tangelo_wire::limits`. */
const URLS_MAX = 8;
const URL_MAX_CHARS = 300;
/** Longer than any that a server makes. */
const CREDENTIAL_MAX_CHARS = 512;
/** No credential is renewed more often, whatever a server says. */
const RENEWAL_MIN_MS = 60_000;
/** setTimeout takes no longer delay. */
const RENEWAL_MAX_MS = 2 ** 31 - 1;

/** RFC 7065, with a name, an IPv4 address, or an IPv6 address in brackets. */
const TURN_URL =
  /^(?:turn:(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?|turns:(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?(?:\?transport=tcp)?)$/;

export type TurnServersEvent = CallEvent & { type: "turn_servers" };

/** What a server says, for `RTCConfiguration`; nothing of it if any of it is not what it should be. */
export function iceServersOf(event: TurnServersEvent): RTCIceServer[] | undefined {
  const { urls, username, credential } = event;
  if (urls.length === 0) return [];
  const fine = (words: string) => words !== "" && words.length <= CREDENTIAL_MAX_CHARS;
  const good =
    urls.length <= URLS_MAX &&
    urls.every(url => url.length <= URL_MAX_CHARS && TURN_URL.test(url)) &&
    fine(username) &&
    fine(credential);
  return good ? [{ urls: [...urls], username, credential }] : undefined;
}

export class TurnServers {
  private servers: readonly RTCIceServer[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `ask` has the server say them anew. */
  constructor(private readonly ask: () => void) {}

  /** For a connection that is made now, or looks for its way anew. */
  get now(): readonly RTCIceServer[] {
    return this.servers;
  }

  take(event: TurnServersEvent): void {
    const servers = iceServersOf(event);
    if (servers === undefined) return report("turn-servers-not-taken");
    this.servers = servers;
    clearTimeout(this.timer);
    if (servers.length === 0) return;
    // At half of their time.
    this.renewIn(Math.max(RENEWAL_MIN_MS, Math.min(event.seconds * 500, RENEWAL_MAX_MS)));
  }

  /** Asks then, and again until there is an answer. */
  private renewIn(waitMs: number): void {
    this.timer = setTimeout(() => {
      this.renewIn(RENEWAL_MIN_MS);
      this.ask();
    }, waitMs);
  }

  close(): void {
    clearTimeout(this.timer);
  }
}
