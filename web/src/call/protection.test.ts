import assert from "node:assert/strict";
import { test } from "node:test";
import { type Protection, protectionOf } from "./protection.js";
import type { TrustState, Warning } from "./trust.js";
import { type CallView, NOT_YET, type PersonView } from "./view.js";

const strange: Warning = { type: "same_name_now", verified: false };

function person(name: string, change: Partial<PersonView> = {}): PersonView {
  return {
    client: name,
    name,
    identity: name,
    own: false,
    confirmed: true,
    present: true,
    host: false,
    lost: false,
    doubt: undefined,
    trust: { state: { type: "new" }, warnings: [] },
    microphone: true,
    camera: true,
    recording: false,
    handOrder: undefined,
    speaking: false,
    quality: { level: "unknown", reason: undefined },
    unreadable: undefined,
    streams: new Map(),
    ...change,
  };
}

const trusted = (name: string, state: TrustState) =>
  person(name, { trust: { state, warnings: [] } });
const me = { ...trusted("Ada", { type: "own" }), own: true };
const verified = trusted("Grace", { type: "verified", name: "Grace", at: 1 });
const unknown = person("Lin");

function inside(others: readonly PersonView[], change: Partial<CallView> = {}): CallView {
  return {
    ...NOT_YET,
    phase: "inside",
    safetyNumber: ["01234"],
    people: [me, ...others],
    ...change,
  };
}

const broken: Partial<CallView> = {
  emoji: {
    state: "failed",
    reason: {
      type: "broken",
      by: { client: "Lin", name: "Lin", own: false },
      how: "other_reveal",
    },
  },
};

/** Each is added to all of those below it: then it is what the lock says. The gravest first. */
const LADDER: readonly [string, Protection["type"], Partial<CallView>, Partial<PersonView>][] = [
  ["an alarm", "alarm", { alarms: [{ id: 1, text: "split" }] }, {}],
  ["no group", "none", { safetyNumber: undefined }, {}],
  ["another number", "differs", { numberDiffers: true }, {}],
  ["a broken comparison", "emoji", broken, {}],
  ["another call", "doubt", {}, { doubt: "elsewhere" }],
  ["a strange key", "caution", {}, { trust: { state: { type: "new" }, warnings: [strange] } }],
  ["frames that do not open", "unreadable", {}, { unreadable: "forged" }],
  ["silence", "doubt", {}, { doubt: "silent" }],
];

test("the gravest is said, whatever else is the case", () => {
  for (const [from, [what, type]] of LADDER.entries()) {
    // From the mildest up, so that the graver of two that exclude each other stands.
    const steps = LADDER.slice(from).toReversed();
    const view = Object.assign({}, ...steps.map(([, , change]) => change)) as Partial<CallView>;
    const others = steps.map(([name, , , change]) => person(name, change));
    for (const secret of [true, false]) {
      const said = protectionOf(inside([verified, unknown, ...others], view), secret);
      assert.equal(said.type, type, what);
    }
  }
});

test("the people that it is about are named, and nobody else", () => {
  const about = (...others: PersonView[]) => {
    const said = protectionOf(inside(others), true);
    return "people" in said ? [said.type, ...said.people.map(({ name }) => name)] : [said.type];
  };
  const warned = { trust: { state: unknown.trust.state, warnings: [strange] } };
  assert.deepEqual(
    about(
      person("Mary", warned),
      verified,
      person("Joan", warned),
      person("Kay", { doubt: "silent" }),
    ),
    ["caution", "Mary", "Joan"],
  );
  // What comes out of another call does not open either: where somebody is, is the reason.
  const elsewhere = person("Mary", { doubt: "elsewhere", unreadable: "no_key" });
  assert.deepEqual(about(elsewhere, person("Kay", { doubt: "silent" })), ["doubt", "Mary"]);
  assert.deepEqual(about(person("Mary", { unreadable: "no_key", doubt: "silent" })), [
    "unreadable",
    "Mary",
  ]);
});

test("without any of that it is what link and marks are good for", () => {
  const said = (others: readonly PersonView[], secret: boolean) =>
    protectionOf(inside(others), secret).type;
  const window = trusted("Ada", { type: "own_key" });
  assert.equal(said([verified, unknown], true), "protected");
  assert.equal(said([verified, unknown], false), "open");
  assert.equal(said([verified, window], true), "verified");
  assert.equal(said([verified, window], false), "verified", "the marks need no link");
  assert.equal(said([], true), "protected", "nobody is verified where nobody is");
  assert.equal(said([], false), "open");
});

test("what concerns the own person alone, or is no attack, does not show", () => {
  const own = { ...me, doubt: "silent", unreadable: "forged" } as const;
  assert.equal(protectionOf({ ...inside([]), people: [own, verified] }, true).type, "verified");
  const lost: Partial<CallView> = { emoji: { state: "failed", reason: { type: "reconnected" } } };
  assert.equal(protectionOf(inside([unknown], lost), true).type, "protected");
  assert.equal(protectionOf(NOT_YET, true).type, "none");
});
