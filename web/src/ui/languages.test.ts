import assert from "node:assert/strict";
import { test } from "node:test";
import { chosen, languages, nameOf } from "./text.js";

test("the languages are those that have a file", () => {
  assert.deepEqual(
    [...languages()],
    [
      ["de", "Deutsch"],
      ["en", "English"],
    ],
  );
});

test("a language is called as its speakers call it", () => {
  assert.equal(nameOf("fr"), "Français");
  assert.equal(nameOf("ar"), "العربية");
});

test("the first wish that there is is kept, if need be without its region", () => {
  assert.equal(chosen(["", "fr-CA", "de-AT", "en"], ["de", "en"]), "de");
  assert.equal(chosen(["pt-BR"], ["en", "pt", "pt-BR"]), "pt-BR");
  assert.equal(chosen(["pt-PT"], ["en", "pt", "pt-BR"]), "pt");
  assert.equal(chosen(["eo"], ["de", "en"]), "en");
});
