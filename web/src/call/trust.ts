/** How far a person in the call is known to this device. Pure: the roster and what is remembered decide. */
import { foldName } from "./same-name.js";

/** Somebody in the call, as the group says. */
export interface Claim {
  readonly client: string;
  readonly name: string;
  /** The identity's public key. */
  readonly identity: string;
  readonly own: boolean;
  readonly confirmed: boolean;
}

/** What the device remembers of an identity. Times are milliseconds since 1970. */
export interface Acquaintance {
  /** The names that it came with, and when each was first seen. At least one. */
  readonly names: readonly { readonly name: string; readonly first: number }[];
  readonly last: number;
  /** Marked by the person here: under which name, and when. */
  readonly verified?: { readonly name: string; readonly at: number };
}

/** By identity. */
export type Acquaintances = ReadonlyMap<string, Acquaintance>;

export interface Trust {
  readonly state: TrustState;
  /** What to be careful about, the gravest first. */
  readonly warnings: readonly Warning[];
}

export type TrustState =
  /** The own client. */
  | { readonly type: "own" }
  /** Another client with the own key: another tab or window of this browser. */
  | { readonly type: "own_key" }
  /** Has not shown in this group that it holds its key. Whatever is known of the key, it is not known to be here. */
  | { readonly type: "unconfirmed" }
  | { readonly type: "verified"; readonly name: string; readonly at: number }
  /** Met in an earlier call. */
  | { readonly type: "seen"; readonly first: number }
  | { readonly type: "new" };

export type Warning =
  /** This name came with another key first. */
  | {
      readonly type: "other_key_before";
      /** As it was written then. */
      readonly name: string;
      readonly first: number;
      /** Whether that key is marked verified. */
      readonly verified: boolean;
    }
  /** Somebody else in this call, with another key, has the same name. */
  | { readonly type: "same_name_now"; readonly verified: boolean }
  /** Marked verified under another name. */
  | { readonly type: "renamed"; readonly before: string };

/**
 * The trust in each client of a call. `before` is what was remembered when the call began, `now` what is remembered
 * at present: whoever is new stays new for the whole call.
 */
export function judge(
  people: readonly Claim[],
  before: Acquaintances,
  now: Acquaintances,
): Map<string, Trust> {
  const own = people.find(person => person.own)?.identity;
  const names = namesOf(people, now);
  return new Map(
    people.map(person => {
      const { client, identity } = person;
      if (person.own) return [client, { state: { type: "own" }, warnings: [] }];
      const warnings = warningsOf(person, people, now, names);
      if (!person.confirmed) return [client, { state: { type: "unconfirmed" }, warnings }];
      if (identity === own) return [client, { state: { type: "own_key" }, warnings }];
      return [client, { state: stateOf(identity, before, now), warnings }];
    }),
  );
}

function stateOf(identity: string, before: Acquaintances, now: Acquaintances): TrustState {
  const verified = now.get(identity)?.verified;
  if (verified !== undefined) return { type: "verified", ...verified };
  const known = before.get(identity);
  if (known === undefined) return { type: "new" };
  return { type: "seen", first: Math.min(...known.names.map(({ first }) => first)) };
}

/** Somebody who came with a name. */
interface Bearer {
  readonly identity: string;
  readonly name: string;
  readonly first: number;
  /** Whether it is marked under this very name. */
  readonly verified: boolean;
}

/** Who is remembered with the names of these people, by folded name. */
function namesOf(people: readonly Claim[], now: Acquaintances): Map<string, Bearer[]> {
  const bearers = new Map<string, Bearer[]>(people.map(({ name }) => [foldName(name), []]));
  for (const [identity, { names, verified }] of now) {
    for (const { name, first } of names) {
      const folded = foldName(name);
      const marked = verified !== undefined && foldName(verified.name) === folded;
      bearers.get(folded)?.push({ identity, name, first, verified: marked });
    }
  }
  return bearers;
}

function warningsOf(
  person: Claim,
  people: readonly Claim[],
  now: Acquaintances,
  names: ReadonlyMap<string, readonly Bearer[]>,
): Warning[] {
  const name = foldName(person.name);
  const bearers = names.get(name) ?? [];
  const mine = bearers.filter(({ identity }) => identity === person.identity);
  const verifiedAs = now.get(person.identity)?.verified?.name;
  const rightly = verifiedAs !== undefined && foldName(verifiedAs) === name;
  const doubles = new Set(
    people
      .filter(other => other.identity !== person.identity && foldName(other.name) === name)
      .map(other => other.identity),
  );
  const warnings: Warning[] = [];

  const since = Math.min(...mine.map(({ first }) => first));
  const [earlier] = bearers
    .filter(other => other.identity !== person.identity && !doubles.has(other.identity))
    .filter(({ first }) => first < since)
    .toSorted((a, b) => Number(b.verified) - Number(a.verified) || a.first - b.first);
  if (earlier !== undefined && !rightly) {
    const { first, verified } = earlier;
    warnings.push({ type: "other_key_before", name: earlier.name, first, verified });
  }
  if (verifiedAs !== undefined && !rightly) warnings.push({ type: "renamed", before: verifiedAs });
  if (doubles.size > 0) {
    const verified = bearers.some(other => other.verified && doubles.has(other.identity));
    warnings.push({ type: "same_name_now", verified });
  }
  return warnings;
}
