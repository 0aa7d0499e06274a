import assert from "node:assert/strict";
import { test } from "node:test";
import { isLastHost } from "./last-host.js";
import { type CallView, NOT_YET, type PersonView } from "./view.js";

function view(change: Partial<CallView["room"]>, ...others: Partial<PersonView>[]): CallView {
  const people = [{ own: true, host: true, present: true }, ...others] as PersonView[];
  const room = { ...NOT_YET.room, locked: true, host: true, ...change };
  return { ...NOT_YET, phase: "inside", room, people };
}

const guest = { own: false, host: false, present: true };

test("the last host of a locked call is asked before it leaves", () => {
  assert.equal(isLastHost(view({}, guest)), true);
  assert.equal(isLastHost(view({}, guest, { ...guest, host: true, present: false })), true);
});

test("nobody else is", () => {
  assert.equal(isLastHost(view({ locked: false }, guest)), false);
  assert.equal(isLastHost(view({ host: false }, guest)), false);
  assert.equal(isLastHost(view({}, guest, { ...guest, host: true })), false);
  assert.equal(isLastHost(view({})), false, "nobody is left behind");
  assert.equal(isLastHost({ ...view({}, guest), phase: "reconnecting" }), false);
});
