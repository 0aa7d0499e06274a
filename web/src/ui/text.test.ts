import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { text as english } from "./text.en.js";
import { CORE, REASONS } from "./core.de.js";
import { text as german } from "./text.de.js";
import { CODES, REASONS as WHY, RULES, inspectorText } from "./inspector/text.de.js";

type Node = Record<string, unknown>;

await german.loadCore();

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

const decoder = new TextDecoder();

/** A declaration of a module that only tests have: in its file, or in another one. */
const TEST_MODULE =
  /^( *)#\[cfg\(test\)\]\n(?: *#\[.*\]\n)* *(?:pub(?:\(\w+\))? )?mod (\w+)(?:;|(?: \{\n[\s\S]*?^\1\}$))/gm;

/** A crate's source by file: without test modules, comments and lint attributes, each sentence in one piece. */
function sourceOf(crate: string): Map<string, string> {
  const folder = `../crates/${crate}/src`;
  const names = readdirSync(folder, { recursive: true }).map(String);
  const files = new Map<string, string>();
  const testsOnly: string[] = [];
  for (const name of names.filter(name => name.endsWith(".rs"))) {
    const source = decoder.decode(readFileSync(`${folder}/${name}`));
    const inside = name.replace(/(^|\/)(lib|mod)\.rs$/, "$1").replace(/\.rs$/, "/");
    for (const [, , module] of source.matchAll(TEST_MODULE)) testsOnly.push(`${inside}${module}`);
    const kept = source
      .replaceAll(TEST_MODULE, "")
      .replaceAll(/^\s*\/\/.*$/gm, "")
      .replaceAll(/#!?\[(?:expect|allow|cfg|cfg_attr)\b[^\]]*\]/g, "")
      .replaceAll(/\\\n\s*/g, "");
    files.set(name, kept);
  }
  for (const name of files.keys()) {
    if (testsOnly.some(module => name === `${module}.rs` || name.startsWith(`${module}/`))) {
      files.delete(name);
    }
  }
  return files;
}

function coreSource(): string {
  return ["call", "delivery", "e2ee", "server", "wire"]
    .flatMap(crate => [...sourceOf(crate).values()])
    .join("\n");
}

test("tests and attacks are no part of the core's source", () => {
  const names = [...sourceOf("e2ee").keys()];
  assert(names.includes("rule.rs") && names.includes("group/commit.rs"));
  assert(!names.some(name => /attacks|test|theft|vectors/.test(name)), names.join(" "));
  const source = coreSource();
  assert(!/#\[test\]/.test(source));
});

/** Where the sentences are that a person can be told: whole crates, or some of their files. */
const SPEAKERS: readonly (readonly [string, RegExp])[] = [
  ["call", /./],
  // What `keep.rs` says of a damaged store is for who starts the server.
  ["delivery", /^(?!keep\.rs)/],
  ["wire", /^(admission|message|room)\.rs$/],
  ["e2ee", /^(lib|link|name)\.rs$|^group\/|^media\/mod\.rs$|^(credential|leaf)\.rs$/],
  ["server", /^(engine|socket)\.rs$/],
];

/** What stays English, and why. */
const STAYS: readonly (readonly [RegExp, string])[] = [
  [/^(Tangelo|SFrame) 1\.0 /, "a label inside a signature or a key, never shown"],
  [
    /^(sealing|exporting|signing|loading|building|staging|writing|discarding|merging|finding|storing|forgetting|founding|making|taking) /,
    "the step inside the encryption that failed, in brackets: for a report of the defect, and the same in every language",
  ],
  [/^storage in memory$/, "the name of a part, for programmers"],
  [/^expected 7 bytes$/, "an emoji message that cannot be read is dropped, and nobody is told"],
  [
    /^(there is no key yet|the frame is malformed|the encryption failed inside)$/,
    "counted for each frame, and shown as a number",
  ],
  [/^a connection reads too slowly and is cut$/, "the server's log"],
  [/^a page of 7 was refused/, "the server's log"],
  [
    /^(This request does not say|A page of another site|This address is for the calls'|The server is full: try again later)/,
    "an answer to an HTTP request, which no page reads",
  ],
];

/** The sentences in a source: its texts of three words or more, with something in each hole. */
function sentences(source: string): string[] {
  return [...source.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)]
    .map(([, words = ""]) => words)
    .filter(words => words.split(" ").length > 2)
    .map(words =>
      words.replace("not valid: {0}", "not valid: rule 7: it is").replaceAll(/\{[^}]*\}/g, "7"),
    );
}

test("whatever the core can say is said in German", () => {
  const stale = new Set(STAYS);
  for (const [crate, files] of SPEAKERS) {
    for (const [name, source] of sourceOf(crate)) {
      if (!files.test(name)) continue;
      for (const words of sentences(source)) {
        const stays = STAYS.find(([english]) => english.test(words));
        if (stays !== undefined) {
          stale.delete(stays);
          continue;
        }
        const said = german.fromCore(words) !== words || Object.hasOwn(WHY, words);
        assert(said, `${crate}/src/${name} says this in English: ${words}`);
      }
    }
  }
  assert.deepEqual([...stale], [], "nobody says this any more");
});

test("what is inside a sentence is said in German too", () => {
  assert.equal(
    german.fromCore("The server reports: too many messages: slow down"),
    "Der Server meldet: Zu viele Nachrichten auf einmal, bitte langsamer",
  );
  assert.equal(
    german.fromCore(
      "The call had to end: no random numbers can be had. Reload the page to join again.",
    ),
    "Das Gespräch musste enden: Es gibt keine Zufallszahlen. Lade die Seite neu, um wieder teilzunehmen.",
  );
  assert.equal(german.fromCore("The server reports: $& {why}"), "Der Server meldet: $& {why}");
  const nested = "The server reports: ".repeat(2);
  assert.equal(german.fromCore(`${nested}x`), "Der Server meldet: The server reports: x");
});

test("the inspector has German words for every rule, reason and code, and for no others", () => {
  const rules = sourceOf("e2ee").get("rule.rs") ?? "";
  const numbers = [...rules.matchAll(/^ +\w+ = (\d+), "/gm)].map(([, number]) => Number(number));
  assert(numbers.length > 40);
  assert.deepEqual(sorted(Object.keys(RULES)), sorted(numbers.map(String)));
  assert.equal(new Set(Object.values(RULES)).size, numbers.length);

  const call = [...sourceOf("call").values()].join("\n");
  const lost = /fn why\(&self\)[\s\S]*?\n    \}/.exec(call)?.[0] ?? "";
  const reasons = [
    ...call.matchAll(/(?:ArriveAnew\(|arrive_anew\(\s*now,|drop_attendee\(\s*now,)\s*"([^"]+)"/g),
    ...lost.matchAll(/=> "([^"]+)"/g),
  ].map(([, words = ""]) => words);
  assert.deepEqual(sorted(Object.keys(WHY)), sorted(new Set(reasons)));

  const listed = /pub enum ErrorCode \{([\s\S]*?)\n\}/.exec(
    sourceOf("wire").get("message.rs") ?? "",
  );
  const codes = [...(listed?.[1] ?? "").matchAll(/^ +(\w+),$/gm)].map(([, name = ""]) =>
    name.replaceAll(/(?<=.)[A-Z]/g, "_$&").toLowerCase(),
  );
  assert.deepEqual(sorted(Object.keys(CODES)), sorted(codes));
});

test("the inspector says them", () => {
  const { log } = inspectorText;
  assert.equal(
    log.refused(10, "no client has two leaves"),
    "Regel 10 gebrochen: Kein Client hat zwei Leaves.",
  );
  assert.equal(
    log.lost("another group was founded"),
    "Du bist neu angekommen: Eine andere Gruppe wurde gegründet.",
  );
  assert.equal(log.refused(999, "something new"), "Regel 999 gebrochen: something new.");
});

function sorted(words: Iterable<string>): string[] {
  return [...words].sort();
}

test("what is said in German is what the core says: another wording there needs another one here", () => {
  const source = coreSource();
  for (const [english] of [...CORE, ...REASONS]) {
    // Where a pattern has a hole, the core fills in something.
    const pieces = english.source
      .replaceAll(/^\^|\$$/g, "")
      .replaceAll(/\\([.?()])/g, "\0$1")
      .split(/(?:(?<!\0)\((?:\?<why>)?)?(?<!\0)\.[*+]\)?|\(\\d\+\)/)
      .map(piece => piece.replaceAll("\0", ""))
      .filter(piece => piece.trim().length > 3);
    assert(pieces.length > 0, `${english} says nothing`);
    for (const piece of pieces) assert(source.includes(piece), `nobody says "${piece}"`);
  }
});
