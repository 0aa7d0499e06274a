import assert from "node:assert/strict";
import { test } from "node:test";
import { Comings } from "./comings.js";

const one = (name: string, present = true) => ({
  identity: `key of ${name}`,
  name,
  own: false,
  present,
});
const me = { identity: "mine", name: "Me", own: true, present: true };
const nothing = { joined: [], left: [] };

test("whoever was there at first did not come, and the own client neither comes nor goes", () => {
  const comings = new Comings();
  assert.deepEqual(comings.update([me, one("Ada")], 0), nothing);
  assert.deepEqual(comings.update([me, one("Ada"), one("Grace")], 1), {
    joined: ["Grace"],
    left: [],
  });
  assert.deepEqual(comings.update([one("Ada"), one("Grace")], 2), nothing);
});

test("who leaves is told after a while, who is back before that is not", () => {
  const comings = new Comings();
  comings.update([one("Ada"), one("Grace")], 0);
  assert.deepEqual(comings.update([one("Ada", false), one("Grace")], 1_000), nothing);
  assert.deepEqual(comings.update([one("Ada"), one("Grace")], 4_000), nothing);
  assert.deepEqual(comings.update([one("Grace")], 5_000), nothing);
  assert.deepEqual(comings.update([one("Grace")], 9_999), nothing);
  assert.deepEqual(comings.update([one("Grace")], 10_000), { joined: [], left: ["Ada"] });
  assert.deepEqual(comings.update([one("Grace"), one("Ada")], 11_000), {
    joined: ["Ada"],
    left: [],
  });
});
