import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { text as english } from "./text.en.js";
import { CORE, text as german } from "./text.de.js";

type Node = Record<string, unknown>;

/** Every text without arguments, by its path. */
function leaves(node: Node, path = ""): [string, string][] {
  return Object.entries(node).flatMap(([key, value]): [string, string][] => {
    const here = `${path}.${key}`;
    if (typeof value === "string") return [[here, value]];
    return typeof value === "object" && value !== null ? leaves(value as Node, here) : [];
  });
}

/** The same word in both languages. */
const SAME = /^\.(product|chat\.title|settings\.language|.*\.sentence)$/;

test("every text is there in German, and is German", () => {
  const other = new Map(leaves(german as unknown as Node));
  for (const [path, words] of leaves(english as unknown as Node)) {
    const translated = other.get(path);
    assert(translated !== undefined && translated !== "", `${path} is missing`);
    const short = words.length < 12;
    assert(short || SAME.test(path) || translated !== words, `${path} is English: ${words}`);
  }
  assert.equal(german.reaction.names.length, english.reaction.names.length);
});

test("there is a German word for each of the 64 emoji, each another", () => {
  const words = Array.from({ length: 64 }, (_, place) => german.emoji.word(place));
  assert(words.every(word => word !== undefined && word.length > 1));
  assert.equal(new Set(words).size, 64);
  assert.equal(german.emoji.word(64), undefined);
});

test("what the core says is said in German", () => {
  const alarm =
    "Ada sent everyone new keys that this device cannot use, which cuts you off from the others. Reconnecting.";
  assert(german.fromCore(alarm).startsWith("Ada hat allen neue Schlüssel gesendet"));
  assert.equal(german.fromCore("something new"), "something new");
});

/** The core's source without what it is tested with, each sentence in one piece. */
function coreSource(): string {
  const decoder = new TextDecoder();
  return ["call", "delivery", "e2ee", "server", "wire"]
    .flatMap(crate => {
      const folder = `../crates/${crate}/src`;
      const files = readdirSync(folder, { recursive: true }).filter(name => name.endsWith(".rs"));
      return files.map(name => decoder.decode(readFileSync(`${folder}/${name}`)));
    })
    .join("\n")
    .replaceAll(/\\\n\s*/g, "");
}

test("what is said in German is what the core says: another wording there needs another one here", () => {
  const source = coreSource();
  for (const [english] of CORE) {
    // Where a pattern has a hole, the core fills in something.
    const pieces = english.source
      .replaceAll(/^\^|\$$/g, "")
      .replaceAll(/\\([.?])/g, "\0$1")
      .split(/\(?(?<!\0)\.[*+]\)?|\(\\d\+\)/)
      .map(piece => piece.replaceAll("\0", ""))
      .filter(piece => piece.trim().length > 3);
    assert(pieces.length > 0, `${english} says nothing`);
    for (const piece of pieces) assert(source.includes(piece), `nobody says "${piece}"`);
  }
});
