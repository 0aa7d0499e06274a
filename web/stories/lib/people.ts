/** The people of the stories. */
import type { Trust, TrustState, Warning } from "../../src/call/trust.js";
import type { PersonView } from "../../src/call/view.js";
import { portrait } from "./pictures.js";

const NAMES = [
  "Ada Lovelace",
  "Grace Hopper",
  "Lin Lanying",
  "Katherine Johnson",
  "Sofja Kowalewskaja",
  "Emmy Noether",
  "Radia Perlman",
  "Annie Easley",
  "Hedy Lamarr",
  "Maryam Mirzakhani",
  "Karen Spärck Jones",
  "Mary Allen Wilkes",
  "Evelyn Boyd",
  "Ida Rhodes",
  "Kathleen Booth",
  "Erna Hoover",
];
const FIRST = ["Noor", "Mateo", "Yuki", "Amara", "Jonas", "Leila", "Tomás", "Ingrid", "Kofi"];
const LAST = ["Okafor", "Silva", "Tanaka", "Berg", "Haddad", "Novak", "Moreau"];

export const KNOWN_SINCE = Date.UTC(2026, 2, 14, 10, 30);

/** The name of the person with this number; the own person is 0. */
export function nameOf(number: number): string {
  return NAMES[number] ?? `${FIRST[number % 9] ?? ""} ${LAST[number % 7] ?? ""}`;
}

/** An id, as of a client or an identity. */
export function idOf(number: number, digits: number): string {
  return (number * 2_654_435_761 + 97).toString(16).padStart(digits, "7c1e5b20");
}

export function trust(state: TrustState["type"], ...warnings: Warning[]): Trust {
  return { state: stateOf(state), warnings };
}

function stateOf(type: TrustState["type"]): TrustState {
  switch (type) {
    case "verified":
      return { type, name: "Grace Hopper", at: KNOWN_SINCE };
    case "seen":
      return { type, first: KNOWN_SINCE };
    default:
      return { type };
  }
}

/** Somebody with a camera who is met for the second time, unless `change` says otherwise. */
export function person(number: number, change: Partial<PersonView> = {}): PersonView {
  const own = number === 0;
  return {
    client: idOf(number, 32),
    name: nameOf(number),
    identity: idOf(number, 64),
    own,
    confirmed: true,
    present: true,
    host: false,
    lost: false,
    doubt: undefined,
    trust: trust(own ? "own" : "seen"),
    microphone: true,
    camera: true,
    recording: false,
    handOrder: undefined,
    speaking: false,
    quality: { level: "good", reason: undefined },
    unreadable: undefined,
    streams: own ? new Map() : new Map([["camera", portrait(number)]]),
    ...change,
  };
}

/** The same without a camera. */
export function unseen(number: number, change: Partial<PersonView> = {}): PersonView {
  return person(number, { camera: false, streams: new Map(), ...change });
}

/** So many people, the own one first. In a crowd some have their cameras off. */
export function people(
  count: number,
  changes: Readonly<Record<number, Partial<PersonView>>> = {},
): PersonView[] {
  return Array.from({ length: count }, (_, number) => {
    const shy = count > 5 && number % 4 === 3;
    return (shy ? unseen : person)(number, changes[number]);
  });
}
