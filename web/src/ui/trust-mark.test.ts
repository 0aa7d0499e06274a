import assert from "node:assert/strict";
import { test } from "node:test";
import type { TrustState, Warning } from "../call/trust.js";
import { markOf } from "./trust-mark.js";

const verified: TrustState = { type: "verified", name: "Ada", at: 1 };
const same: Warning = { type: "same_name_now", verified: false };
const before: Warning = { type: "other_key_before", name: "Ada", first: 1, verified: true };

test("a warning goes before what is known", () => {
  for (const state of [{ type: "new" }, { type: "seen", first: 1 }, { type: "unconfirmed" }]) {
    assert.equal(markOf({ state: state as TrustState, warnings: [same] }), "warning");
    assert.equal(markOf({ state: state as TrustState, warnings: [] }), state.type);
  }
});

test("another's claim to the name takes nothing from who is verified under it", () => {
  assert.equal(markOf({ state: verified, warnings: [same] }), "verified");
  const renamed: Warning = { type: "renamed", before: "Mallory" };
  assert.equal(markOf({ state: verified, warnings: [renamed] }), "warning");
  assert.equal(markOf({ state: verified, warnings: [before, same] }), "warning");
});
