/** The people that this device has met, and which of them are marked verified. Stays on the device. */
import { Observable } from "./observable.js";
import { PEOPLE_KEY as KEY, forgetPeople } from "./preferences.js";
import { type Store, browserStore } from "./store.js";
import type { Acquaintance, Acquaintances, Claim } from "./trust.js";

const VERSION = 1;
const PEOPLE_MAX = 1_000;
const NAMES_MAX = 8;
const IDENTITY = /^[0-9a-f]{64}$/;
const NAME_MAX = 64;

export class Marks {
  /** What was known when the call began. */
  before: Acquaintances;
  readonly view: Observable<Acquaintances>;
  /** Who was met already, with which name, by this object. */
  private readonly met = new Set<string>();
  private readonly changedElsewhere = (event: StorageEvent) => {
    if (event.key === KEY || event.key === null) this.refresh();
  };

  /** Without a store, as where the browser keeps nothing, everything is forgotten with the page. */
  constructor(
    private store: Store | undefined = browserStore(),
    private readonly clock: () => number = Date.now,
  ) {
    this.before = this.read() ?? new Map();
    this.view = new Observable(this.before);
    globalThis.addEventListener?.("storage", this.changedElsewhere);
  }

  close(): void {
    globalThis.removeEventListener?.("storage", this.changedElsewhere);
  }

  /** Whether what is marked will be there in the next call. */
  get lasting(): boolean {
    return this.store !== undefined;
  }

  /** Remembers who is in the call. Who is not confirmed was not met: its key package may be an old one. */
  meet(people: readonly Claim[]): void {
    const own = people.find(person => person.own)?.identity;
    const fresh = people.filter(
      ({ identity, name, confirmed }) =>
        confirmed && identity !== own && !this.met.has(`${identity} ${name}`),
    );
    if (fresh.length === 0) return;
    for (const { identity, name } of fresh) this.met.add(`${identity} ${name}`);
    const now = this.clock();
    this.change(all => {
      for (const { identity, name } of fresh) {
        const old = all.get(identity);
        const known = old?.names.some(known => known.name === name) ?? false;
        const names = known ? old?.names : [...(old?.names ?? []), { name, first: now }];
        // The first name stays, and the latest.
        const [first, ...more] = names ?? [];
        if (first === undefined) continue;
        all.set(identity, { ...old, names: [first, ...more.slice(1 - NAMES_MAX)], last: now });
      }
    });
  }

  verify(identity: string, name: string): void {
    const at = this.clock();
    this.change(all => {
      const old = all.get(identity) ?? { names: [{ name, first: at }], last: at };
      all.set(identity, { ...old, verified: { name, at } });
    });
  }

  unverify(identity: string): void {
    this.change(all => {
      const old = all.get(identity);
      if (old !== undefined) all.set(identity, { names: old.names, last: old.last });
    });
  }

  /** Forgets everyone and every mark. Who is in the call now is met again in the next one. */
  forget(): void {
    forgetPeople(this.store);
    this.before = new Map();
    this.view.set(this.before);
  }

  /** Another tab may have written since: what is there now is what changes. */
  private change(act: (all: Map<string, Acquaintance>) => void): void {
    const all = new Map(this.read() ?? this.view.get());
    act(all);
    const kept = bounded(all);
    // Whoever hears of the change asks whether it lasts.
    this.write(kept);
    this.view.set(kept);
  }

  private refresh(): void {
    this.view.set(this.read() ?? new Map());
  }

  /** Nothing where nothing can be kept. */
  private read(): Acquaintances | undefined {
    try {
      const text = this.store?.getItem(KEY);
      if (text === undefined) return undefined;
      return text === null ? new Map() : parse(text);
    } catch {
      this.store = undefined;
      return undefined;
    }
  }

  private write(all: Acquaintances): void {
    try {
      const people = Object.fromEntries(all);
      this.store?.setItem(KEY, JSON.stringify({ version: VERSION, people }));
    } catch {
      this.store = undefined;
    }
  }
}

/** What is not as it should be is left out. Throws if a newer version wrote it. */
function parse(text: string): Acquaintances {
  const all = new Map<string, Acquaintance>();
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return all;
  }
  if (!isRecord(read)) return all;
  if (typeof read.version === "number" && read.version > VERSION) throw new Error("newer");
  if (!isRecord(read.people)) return all;
  for (const [identity, value] of Object.entries(read.people)) {
    const person = acquaintance(value);
    if (IDENTITY.test(identity) && person !== undefined) all.set(identity, person);
  }
  return all;
}

function acquaintance(value: unknown): Acquaintance | undefined {
  if (!isRecord(value) || !Array.isArray(value.names) || !isTime(value.last)) return undefined;
  const names = value.names.flatMap((entry: unknown) =>
    isRecord(entry) && isName(entry.name) && isTime(entry.first)
      ? [{ name: entry.name, first: entry.first }]
      : [],
  );
  if (names.length === 0) return undefined;
  const known = { names: names.slice(0, NAMES_MAX), last: value.last };
  const { verified } = value;
  return isRecord(verified) && isName(verified.name) && isTime(verified.at)
    ? { ...known, verified: { name: verified.name, at: verified.at } }
    : known;
}

/** The verified stay, then those seen last. */
function bounded(all: Map<string, Acquaintance>): Acquaintances {
  if (all.size <= PEOPLE_MAX) return all;
  const order = ([, a]: [string, Acquaintance], [, b]: [string, Acquaintance]) =>
    Number(b.verified !== undefined) - Number(a.verified !== undefined) || b.last - a.last;
  return new Map([...all].sort(order).slice(0, PEOPLE_MAX));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= NAME_MAX;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
