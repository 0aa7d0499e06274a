import assert from "node:assert/strict";
import { test } from "node:test";
import { type Acquaintance, type Acquaintances, type Claim, type Trust, judge } from "./trust.js";

const NOBODY: Acquaintances = new Map();
const ME: Claim = { client: "me", name: "Me", identity: "0", own: true, confirmed: true };

function person(identity: string, name: string, more: Partial<Claim> = {}): Claim {
  return { client: `client ${identity}`, name, identity, own: false, confirmed: true, ...more };
}

function known(name: string, first: number, verified?: string): Acquaintance {
  const plain = { names: [{ name, first }], last: first };
  return verified === undefined ? plain : { ...plain, verified: { name: verified, at: first } };
}

/** The trust in the first of `people`; the own person is there too. */
function trustIn(people: Claim[], before: Acquaintances, now = before): Trust {
  const trust = judge([ME, ...people], before, now).get(people[0]?.client ?? "");
  assert(trust !== undefined);
  return trust;
}

test("who was never met is new, and stays new for the whole call", () => {
  const met = new Map([["a", known("Ada", 100)]]);
  assert.deepEqual(trustIn([person("a", "Ada")], NOBODY), { state: { type: "new" }, warnings: [] });
  assert.deepEqual(trustIn([person("a", "Ada")], NOBODY, met), {
    state: { type: "new" },
    warnings: [],
  });
});

test("who was met in an earlier call was seen before, since the first time", () => {
  const names = [
    { name: "Ada", first: 200 },
    { name: "Augusta", first: 100 },
  ];
  const before = new Map([["a", { names, last: 300 }]]);
  assert.deepEqual(trustIn([person("a", "Ada")], before), {
    state: { type: "seen", first: 100 },
    warnings: [],
  });
});

test("who is marked is verified, in the very call and later, until the mark is taken back", () => {
  const marked = new Map([["a", known("Ada", 100, "Ada")]]);
  const state = { type: "verified", name: "Ada", at: 100 };
  assert.deepEqual(trustIn([person("a", "Ada")], NOBODY, marked).state, state);
  assert.deepEqual(trustIn([person("a", "Ada")], marked), { state, warnings: [] });
  const taken = new Map([["a", known("Ada", 100)]]);
  assert.equal(trustIn([person("a", "Ada")], marked, taken).state.type, "seen");
});

test("a member that has signed nothing in this group is unconfirmed, whoever it claims to be", () => {
  const marked = new Map([["a", known("Ada", 100, "Ada")]]);
  const unconfirmed = { confirmed: false };
  for (const before of [NOBODY, marked]) {
    assert.equal(trustIn([person("a", "Ada", unconfirmed)], before).state.type, "unconfirmed");
  }
  const ghost = person("0", "Me", unconfirmed);
  assert.equal(trustIn([ghost], NOBODY).state.type, "unconfirmed");
});

test("the own client is the own one, and another with the same key is known as such", () => {
  const trust = judge([ME, person("0", "Me")], NOBODY, NOBODY);
  assert.deepEqual(trust.get("me"), { state: { type: "own" }, warnings: [] });
  assert.deepEqual(trust.get("client 0"), { state: { type: "own_key" }, warnings: [] });
});

test("a name that came with another key before is warned of", () => {
  const before = new Map([["a", known("Ada Lovelace", 100)]]);
  const warning = { type: "other_key_before", name: "Ada Lovelace", first: 100, verified: false };
  assert.deepEqual(trustIn([person("x", "ada  lovelace")], before), {
    state: { type: "new" },
    warnings: [warning],
  });
  const verified = new Map([["a", known("Ada Lovelace", 100, "Ada Lovelace")]]);
  assert.deepEqual(trustIn([person("x", "\u0410da Lovelace")], verified).warnings, [
    { ...warning, verified: true },
  ]);
});

test("the warning is there again in the next call, and about the later key alone", () => {
  const before = new Map([
    ["a", known("Ada", 100)],
    ["x", known("Ada", 200)],
  ]);
  assert.equal(trustIn([person("x", "Ada")], before).warnings[0]?.type, "other_key_before");
  assert.deepEqual(trustIn([person("a", "Ada")], before).warnings, []);
});

test("of several that had the name, a verified one is named, else the first", () => {
  const before = new Map([
    ["a", known("Ada", 300)],
    ["b", known("Ada", 100)],
    ["c", known("Ada", 200, "Ada")],
  ]);
  const first = (acquaintances: Acquaintances) => {
    const [warning] = trustIn([person("x", "Ada")], acquaintances).warnings;
    assert(warning?.type === "other_key_before");
    return [warning.first, warning.verified];
  };
  assert.deepEqual(first(before), [200, true]);
  before.delete("c");
  assert.deepEqual(first(before), [100, false]);
});

test("somebody who takes an old name of another is warned of, though known by a name of its own", () => {
  const before = new Map([
    ["a", known("Ada", 100)],
    ["m", known("Mallory", 50)],
  ]);
  const trust = trustIn([person("m", "Ada")], before);
  assert.equal(trust.state.type, "seen");
  assert.equal(trust.warnings[0]?.type, "other_key_before");
});

test("a mark ends the warning about a new device, but only under the name that was marked", () => {
  const before = new Map([
    ["a", known("Ada", 100, "Ada")],
    ["x", known("Ada", 200, "Ada")],
    ["m", known("Mallory", 50, "Mallory")],
  ]);
  assert.deepEqual(trustIn([person("x", "Ada")], before).warnings, []);
  assert.deepEqual(
    trustIn([person("m", "Ada")], before).warnings.map(warning => warning.type),
    ["other_key_before", "renamed"],
  );
});

test("a verified person under another name is warned of", () => {
  const before = new Map([["m", known("Mallory", 50, "Mallory")]]);
  const trust = trustIn([person("m", "Ada")], before);
  assert.equal(trust.state.type, "verified");
  assert.deepEqual(trust.warnings, [{ type: "renamed", before: "Mallory" }]);
  assert.deepEqual(trustIn([person("m", "MALLORY")], before).warnings, []);
});

test("two in the call with one name and two keys are warned of, both", () => {
  const two = [person("a", "Ada"), person("b", "ADA")];
  const now = new Map([
    ["a", known("Ada", 100)],
    ["b", known("Ada", 200)],
  ]);
  for (const people of [two, two.toReversed()]) {
    // Both are here: that one came earlier is no news.
    assert.deepEqual(trustIn(people, NOBODY, now).warnings, [
      { type: "same_name_now", verified: false },
    ]);
  }
  const verified = new Map([["a", known("Ada", 100, "Ada")]]);
  const [ada, impostor] = two;
  assert(ada !== undefined && impostor !== undefined);
  assert.deepEqual(trustIn([impostor, ada], verified).warnings, [
    { type: "same_name_now", verified: true },
  ]);
  assert.deepEqual(trustIn([ada, impostor], verified).warnings, [
    { type: "same_name_now", verified: false },
  ]);
});

test("two tabs with one key are no two people", () => {
  const two = [person("a", "Ada"), person("a", "Ada", { client: "second tab" })];
  assert.deepEqual(trustIn(two, NOBODY).warnings, []);
});

test("somebody with the own name is warned of", () => {
  assert.deepEqual(trustIn([person("x", "me")], NOBODY).warnings, [
    { type: "same_name_now", verified: false },
  ]);
});
