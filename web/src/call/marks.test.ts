import assert from "node:assert/strict";
import { test } from "node:test";
import { Marks } from "./marks.js";
import { forgetPeople } from "./preferences.js";
import type { Store } from "./store.js";
import type { Claim } from "./trust.js";

const A = "a".repeat(64);
const B = "b".repeat(64);

class FakeStore implements Store {
  values = new Map<string, string>();
  full = false;

  getItem(key: string): string | null {
    return this.values.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (this.full) throw new Error("QuotaExceededError");
    this.values.set(key, value);
  }

  removeItem(key: string): void {
    this.values.delete(key);
  }
}

function person(identity: string, name: string, more: Partial<Claim> = {}): Claim {
  return { client: name, name, identity, own: false, confirmed: true, ...more };
}

test("who was met and marked is there in the next call", () => {
  const store = new FakeStore();
  const first = new Marks(store, () => 100);
  first.meet([person(A, "Ada"), person(B, "Me", { own: true })]);
  assert.equal(first.before.size, 0);
  first.verify(A, "Ada");
  const second = new Marks(store, () => 200);
  assert.deepEqual(
    [...second.before],
    [[A, { names: [{ name: "Ada", first: 100 }], last: 100, verified: { name: "Ada", at: 100 } }]],
  );
  second.meet([person(A, "Ada L")]);
  second.unverify(A);
  assert.deepEqual(new Marks(store).before.get(A), {
    names: [
      { name: "Ada", first: 100 },
      { name: "Ada L", first: 200 },
    ],
    last: 200,
  });
});

test("unconfirmed members and the own key are not remembered", () => {
  const store = new FakeStore();
  const marks = new Marks(store);
  marks.meet([
    person(B, "Me", { own: true }),
    person(B, "Me", { client: "other tab" }),
    person(A, "Ada", { confirmed: false }),
  ]);
  assert.equal(marks.view.get().size, 0);
  assert.equal(store.values.size, 0);
});

test("two tabs do not undo each other", () => {
  const store = new FakeStore();
  const [one, other] = [new Marks(store), new Marks(store)];
  one.verify(A, "Ada");
  other.verify(B, "Bea");
  assert.deepEqual([...new Marks(store).before.keys()].sort(), [A, B]);
});

test("where nothing can be stored marks last as long as the page, and say so", () => {
  const full = new FakeStore();
  full.full = true;
  const broken: Store = {
    getItem: () => {
      throw new Error("SecurityError");
    },
    setItem: () => undefined,
    removeItem: () => undefined,
  };
  for (const store of [full, broken]) {
    const marks = new Marks(store);
    marks.verify(A, "Ada");
    assert.equal(marks.lasting, false);
    assert.equal(marks.view.get().get(A)?.verified?.name, "Ada");
    marks.meet([person(B, "Bea")]);
    assert.equal(marks.view.get().size, 2);
    marks.unverify(A);
    assert.equal(marks.view.get().get(A)?.verified, undefined);
  }
});

test("what is damaged is left out, and what a newer version wrote is left alone", () => {
  const store = new FakeStore();
  const good = { names: [{ name: "Ada", first: 1 }], last: 2 };
  for (const text of ["", "?", "[]", '{"people":[]}', '{"version":1,"people":{"x":1}}']) {
    store.setItem("tangelo.people", text);
    assert.equal(new Marks(store).before.size, 0, text);
  }
  const people = {
    [A]: good,
    [B]: { names: [], last: 2 },
    nobody: good,
    [`${"c".repeat(64)}`]: { ...good, names: [{ name: 7, first: 1 }] },
    [`${"d".repeat(64)}`]: { ...good, verified: { name: "D" } },
  };
  store.setItem("tangelo.people", JSON.stringify({ version: 1, people }));
  const { before } = new Marks(store);
  assert.deepEqual([...before.keys()], [A, "d".repeat(64)]);
  assert.equal(before.get("d".repeat(64))?.verified, undefined);

  const newer = JSON.stringify({ version: 2, people });
  store.setItem("tangelo.people", newer);
  new Marks(store).verify(A, "Ada");
  assert.equal(store.getItem("tangelo.people"), newer);
});

test("the list is bounded: the verified stay, and those seen last", () => {
  const store = new FakeStore();
  let time = 0;
  const marks = new Marks(store, () => ++time);
  const identity = (number: number) => number.toString(16).padStart(64, "0");
  marks.verify(identity(0), "First");
  for (let number = 1; number <= 1_005; number++) {
    marks.meet([person(identity(number), `P ${number}`)]);
  }
  const left = marks.view.get();
  assert.equal(left.size, 1_000);
  assert(left.has(identity(0)));
  assert(!left.has(identity(1)));
  assert(left.has(identity(1_005)));
  for (let number = 0; number < 20; number++) marks.meet([person(identity(1_005), `N ${number}`)]);
  const names =
    marks.view
      .get()
      .get(identity(1_005))
      ?.names.map(({ name }) => name) ?? [];
  assert.equal(names.length, 8);
  assert.deepEqual([names[0], names.at(-1)], ["P 1005", "N 19"]);
});

test("everyone can be forgotten", () => {
  const store = new FakeStore();
  new Marks(store).verify(A, "Ada");
  forgetPeople(store);
  assert.equal(new Marks(store).before.size, 0);
});
