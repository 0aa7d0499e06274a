import assert from "node:assert/strict";
import { test } from "node:test";
import encodeQR from "qr";
import { decodeQR } from "qr/decode.js";
import { pathOf } from "./qr-code.js";
import { QUIET, codeText } from "./verify-qr.js";

const GROUPS = Array.from({ length: 12 }, (_, index) => String(10_000 + index * 7_001));

test("the code says label, version and the 60 digits, in 33 modules a side", () => {
  const text = codeText(GROUPS);
  assert(/^TANGELO 1:( \d{5}){12}$/.test(text), text);
  assert.equal(encodeQR(text, "raw", { ecc: "medium", border: 1 }).length, 33 + 2);
});

test("the path covers exactly the dark modules", () => {
  const data = encodeQR(codeText(GROUPS), "raw", { ecc: "medium", border: QUIET });
  const size = data.length;
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

test("what is drawn can be read again", () => {
  const rows = encodeQR(codeText(GROUPS), "raw", { ecc: "medium", border: QUIET });
  const scale = 4;
  const side = rows.length * scale;
  const data = new Uint8ClampedArray(side * side * 4).fill(255);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (rows[Math.floor(y / scale)]?.[Math.floor(x / scale)] !== true) continue;
      data.fill(0, (y * side + x) * 4, (y * side + x) * 4 + 3);
    }
  }
  assert.equal(decodeQR({ width: side, height: side, data }), codeText(GROUPS));
});
