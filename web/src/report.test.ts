import assert from "node:assert/strict";
import { test } from "node:test";
import { errorOf, report, reportFault, withoutNames } from "./report.js";
import { consoleDuring } from "./test/console.js";

test("a report is one object under one word, and a warning", async () => {
  const written = await consoleDuring(() =>
    report("device-failed", { kind: "camera", tries: 2, code: undefined }),
  );
  assert.deepEqual(written, {
    warnings: [["tangelo", { what: "device-failed", kind: "camera", tries: 2 }]],
    errors: [],
  });
});

test("a fault of the page's own is an error", async () => {
  const written = await consoleDuring(() => reportFault("core-broke"));
  assert.deepEqual(written, { warnings: [], errors: [["tangelo", { what: "core-broke" }]] });
});

test("neither a room nor its secret gets into the console", async () => {
  const secret = "q7Zk-3vN_0aB1cD2eF3gH4";
  const { warnings } = await consoleDuring(() =>
    report("x", {
      message: `Failed to fetch https://tangelo.example/r/_Ab3#${secret} (/api/rooms/_Ab3)`,
      path: "/r/fruit-growers",
      alone: `#${secret}`,
      token: "at https://tangelo.example/#token=eyJh.eyJy.c2ln and on",
    }),
  );
  assert.deepEqual(warnings, [
    [
      "tangelo",
      {
        what: "x",
        message: "Failed to fetch https://tangelo.example/r/… (/api/rooms/…)",
        path: "/r/…",
        alone: "#…",
        token: "at https://tangelo.example/#… and on",
      },
    ],
  ]);
});

test("whatever was thrown says what it is", () => {
  const busy = new DOMException("in use", "NotReadableError");
  assert.deepEqual(errorOf(busy), { error: "NotReadableError", message: "in use" });
  assert.deepEqual(errorOf("words"), { error: "string", message: "words" });
  assert.deepEqual(errorOf(undefined), { error: "undefined", message: "undefined" });
});

test("a sentence is told without names, also those within others", () => {
  assert.equal(
    withoutNames("Ada Lovelace and Ada left. $&", ["Ada", "", "Ada Lovelace"]),
    "… and … left. $&",
  );
});
