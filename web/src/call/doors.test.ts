import assert from "node:assert/strict";
import { test } from "node:test";
import { doorsOf } from "./doors.js";

test("what a server does not say of its doors it does not ask for", () => {
  assert.equal(doorsOf({ doors: "token" }), "token");
  assert.equal(doorsOf({ present: 3, doors: "creators" }), "creators");
  for (const other of [{ doors: "link" }, { doors: "moat" }, { present: 3 }, null, "token", 7]) {
    assert.equal(doorsOf(other), "link");
  }
});
