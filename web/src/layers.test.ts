import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const decoder = new TextDecoder();
const sources = readdirSync("src", { recursive: true })
  .map(String)
  .filter(name => /\.tsx?$/.test(name) && !/\.test\.ts$|^test\/|^generated\//.test(name))
  .map(name => [name, decoder.decode(readFileSync(`src/${name}`))] as const);

/** Where something is said that must not be said there. */
const found = (pattern: RegExp, files: (name: string) => boolean) =>
  sources.filter(([name, source]) => files(name) && pattern.test(source)).map(([name]) => name);

test("no component reads a WebRTC object", () => {
  const names = sources.map(([name]) => name);
  assert(names.includes("ui/tile.tsx") && names.includes("ui/inspector/media-tab.tsx"));
  assert.deepEqual(
    found(/\bRTC[A-Z]\w+/, name => name.startsWith("ui/")),
    [],
  );
});

test("nothing in the call knows of components", () => {
  assert.deepEqual(
    found(/from "(\.\.\/)+ui\//, name => !name.startsWith("ui/")),
    [],
  );
});

test("the console is written to in one place", () => {
  assert.deepEqual(
    found(/\bconsole\./, () => true),
    ["report.ts"],
  );
});
