import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "uqr";
import { codeText, pathOf } from "./verify-qr.js";

const GROUPS = Array.from({ length: 12 }, (_, index) => String(10_000 + index * 7_001));

test("the code says label, version and the 60 digits, in 33 modules a side", () => {
  const text = codeText(GROUPS);
  assert(/^TANGELO 1:( \d{5}){12}$/.test(text), text);
  assert.equal(encode(text, { ecc: "M", border: 0 }).size, 33);
});

test("the path covers exactly the dark modules", () => {
  const { data, size } = encode(codeText(GROUPS), { ecc: "M", border: 4 });
  const drawn = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  for (const [, x, y, width] of pathOf(data).matchAll(/M(\d+) (\d+)h(\d+)v1H\1z/g)) {
    for (let at = 0; at < Number(width); at++) {
      const row = drawn[Number(y)];
      assert(row !== undefined);
      row[Number(x) + at] = true;
    }
  }
  assert.deepEqual(drawn, data);
});
