/** Who was in a room the last time this device was, to tell what has changed. Stays on the device. */
import { LAST_TIME_KEY } from "./preferences.js";
import { type Store, browserStore } from "./store.js";
import type { Claim } from "./trust.js";

/** What is different from the last time. */
export interface SinceLastTime {
  /** When the last time was, in milliseconds since 1970. */
  readonly at: number;
  /** The names of devices that are here and were not there then. */
  readonly added: readonly string[];
  /** The names of devices that were there then and are not here. */
  readonly missing: readonly string[];
}

interface Call {
  readonly at: number;
  /** Name by identity. */
  readonly people: Readonly<Record<string, string>>;
}

const ROOMS_MAX = 8;
const PEOPLE_MAX = 200;
const IDENTITY = /^[0-9a-f]{64}$/;

export class LastTime {
  private before: Call | undefined;
  /** Everyone met in this call, name by identity. */
  private readonly met = new Map<string, string>();

  constructor(
    private readonly room: string,
    private readonly store: Store | undefined = browserStore(),
    private readonly clock: () => number = Date.now,
  ) {
    this.before = read(store)[room];
  }

  /**
   * Remembers who is here, and says what is different. Nothing if this is the first time, or nobody else is here: they may
   * still come. Who is not confirmed was not met: its key package may be an old one.
   */
  compare(people: readonly Claim[]): SinceLastTime | undefined {
    const others = people.filter(({ own, confirmed }) => !own && confirmed);
    const fresh = others.filter(({ identity, name }) => this.met.get(identity) !== name);
    for (const { identity, name } of fresh) this.met.set(identity, name);
    if (fresh.length > 0) this.write();
    const { before } = this;
    if (before === undefined || others.length === 0) return undefined;
    return {
      at: before.at,
      added: others.filter(({ identity }) => !(identity in before.people)).map(({ name }) => name),
      missing: Object.entries(before.people)
        .filter(([identity]) => !others.some(other => other.identity === identity))
        .map(([, name]) => name),
    };
  }

  /** Forgets this and every other room's. Who is here now is met again in the next call. */
  forget(): void {
    this.before = undefined;
    try {
      this.store?.removeItem(LAST_TIME_KEY);
    } catch {
      // Then there is nothing to forget.
    }
  }

  private write(): void {
    const people = Object.fromEntries([...this.met].slice(-PEOPLE_MAX));
    const { [this.room]: _, ...others } = read(this.store);
    const rooms = [[this.room, { at: this.clock(), people }], ...Object.entries(others)];
    try {
      this.store?.setItem(
        LAST_TIME_KEY,
        JSON.stringify(Object.fromEntries(rooms.slice(0, ROOMS_MAX))),
      );
    } catch {
      // Where nothing can be kept every time is the first.
    }
  }
}

/** By room, the latest first. What is not as it should be is left out. */
function read(store: Store | undefined): Readonly<Record<string, Call>> {
  try {
    const all: unknown = JSON.parse(store?.getItem(LAST_TIME_KEY) ?? "{}");
    const rooms = Object.entries(all as object).filter((entry): entry is [string, Call] =>
      isCall(entry[1]),
    );
    return Object.fromEntries(rooms);
  } catch {
    return {};
  }
}

function isCall(value: unknown): value is Call {
  const call = value as { at?: unknown; people?: unknown } | null;
  if (typeof call?.at !== "number" || typeof call.people !== "object" || call.people === null) {
    return false;
  }
  return Object.entries(call.people).every(
    ([identity, name]) => IDENTITY.test(identity) && typeof name === "string",
  );
}
