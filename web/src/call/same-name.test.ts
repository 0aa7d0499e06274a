import assert from "node:assert/strict";
import { test } from "node:test";
import { foldName } from "./same-name.js";

test("names that look the same are the same", () => {
  for (const [one, other] of [
    ["Ada Lovelace", "ada  LOVELACE"],
    ["Ada", "Ａｄａ"],
    ["Ada", "A\u200dd\u00ada"],
    ["Zoë", "Zoe\u0308"],
    ["Strauß", "STRAUSS"],
    ["Ada\u00a0L", "Ada L"],
    ["Ada", "\u0410d\u0430"],
    ["Bill", "BiIl"],
    ["Bob", "B0b"],
    ["Οδυσσεύς", "ΟΔΥΣΣΕΎΣ"],
    ["ﬁona", "Fiona"],
  ] as const) {
    assert.equal(foldName(one), foldName(other), `${one} / ${other}`);
  }
});

test("other names are not", () => {
  for (const [one, other] of [
    ["Ada", "Adam"],
    ["Zoë", "Zoe"],
    ["Ada L", "AdaL"],
    ["Анна", "Инна"],
    ["太郎", "次郎"],
  ] as const) {
    assert.notEqual(foldName(one), foldName(other), `${one} / ${other}`);
  }
});
