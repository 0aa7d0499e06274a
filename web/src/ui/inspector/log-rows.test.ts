import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../generated/Outcome.js";
import { loadInspectorTexts } from "./text.js";

await loadInspectorTexts();
// It reads them as it loads.
const { rowOf } = await import("./log-rows.js");

function entry(outcome: Outcome) {
  const happening = {
    type: "entry",
    seq: 9,
    kind: "committed",
    client: "c",
    bytes: 5,
    outcome,
  } as const;
  return rowOf({ number: 1, at: 100, happening });
}

test("what a commit did is told in a few words", () => {
  const row = entry({ type: "epoch", epoch: 4, added: 2, removed: 0, path: true });
  assert.equal(row.outcome, "epoch 4, 2 added, path renewed");
  assert.deepEqual([row.seq, row.client, row.bytes, row.bad], [9, "c", 5, false]);
});

test("what is refused shows rule, demand and blame", () => {
  const broken = { rule: 5, text: "a commit holds this and that", blame: "author" } as const;
  const row = entry({ type: "refused", broken });
  assert(
    /^Rule 5 broken: a commit holds this and that\. By its author/.test(row.outcome),
    row.outcome,
  );
  assert.equal(row.bad, true);
  const lost = entry({ type: "lost", why: "of that", broken });
  assert(/Rule 5 .* of that\.$/.test(lost.outcome), lost.outcome);
  assert.equal(
    entry({ type: "lost", why: "of that", broken: null }).outcome,
    "You arrived anew: of that.",
  );
});

test("what is no entry has no place in the log", () => {
  const row = rowOf({ number: 2, at: 5, happening: { type: "post_refused", code: "too_many" } });
  assert.deepEqual([row.seq, row.client, row.bad], [undefined, undefined, true]);
  assert(/too_many/.test(row.outcome), row.outcome);
  assert.equal(rowOf({ number: 3, at: 5, happening: { type: "resumed" } }).bad, false);
});
