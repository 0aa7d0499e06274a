/** The style sheets speak the design language of tokens.css. The measures of single parts are their own. */
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";

const FOLDER = "src/ui";
const WORDS = "tokens.css";

const all = await Promise.all(
  (await readdir(FOLDER, { recursive: true }))
    .filter(name => /\.(css|tsx?)$/.test(name) && !name.endsWith(".test.ts"))
    .map(async name => ({
      name,
      content: (await readFile(`${FOLDER}/${name}`, "utf8")).replaceAll(/\/\*.*?\*\//gs, ""),
    })),
);
const sheets = all.filter(({ name }) => name.endsWith(".css"));

/** What a value of these properties may not have besides tokens. */
const RULES: readonly { readonly of: RegExp; readonly not: RegExp; readonly what: string }[] = [
  {
    of: /./,
    not: /#[\da-f]{3,8}\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch|color)a?\( *[\d.]|\b(?:black|white|gr[ae]y|red|green|blue|orange|yellow|silver)\b/i,
    what: "colour",
  },
  { of: /^font(-size)?$/, not: /[\d.](?:px|r?em|pt|ch|ex)\b|\d%/, what: "size of type" },
  { of: /^(line-height|letter-spacing)$/, not: /\d/, what: "line height or tracking" },
  { of: /^font$/, not: /\/ *[\d.]/, what: "line height or tracking" },
  { of: /^font(-weight)?$/, not: /\b[1-9]00\b|\b\d{3}\b|\bbold(?:er)?\b/, what: "weight" },
  {
    of: /^(padding|margin|gap|row-gap|column-gap)\b/,
    not: /(?<![\d.])(?!1px\b)[\d.]*[1-9][\d.]*(?:px|r?em|ch|pt)\b/,
    what: "space",
  },
  { of: /radius$/, not: /[\d.](?:px|r?em)\b/, what: "radius" },
  { of: /^(transition|animation)/, not: /[\d.]m?s\b|\bease|\bcubic-bezier/, what: "time" },
];

test("no style sheet has a colour, space, type, radius or time of its own", () => {
  const found = sheets
    .filter(({ name }) => name !== WORDS)
    .flatMap(({ name, content }) =>
      declarations(content).flatMap(([property, value]) =>
        RULES.filter(({ of, not }) => of.test(property) && not.test(value)).map(
          ({ what }) => `${name}: "${property}: ${value}" has a ${what} of its own; see ${WORDS}`,
        ),
      ),
    );
  assert.deepEqual(found, []);
});

test("every token that is used is there, and every one that is there is used", () => {
  const defined = new Set<string>();
  const used = new Set<string>();
  for (const { name, content } of all) {
    // What a component sets on an element is there too.
    const sets = name.endsWith(".css") ? /(--[\w-]+):/g : /"(--[\w-]+)"/g;
    for (const [, token] of content.matchAll(sets)) defined.add(token ?? "");
    for (const [, token] of content.matchAll(/var\((--[\w-]+)/g)) used.add(token ?? "");
  }
  assert.deepEqual(
    [...used].filter(token => !defined.has(token)),
    [],
  );
  assert.deepEqual(
    [...defined].filter(token => !used.has(token)),
    [],
  );
});

/** Every property with its value, tokens taken out of it. */
function declarations(sheet: string): [string, string][] {
  return [...sheet.matchAll(/(?<=[{;]\s*)([a-z-]+):\s*([^;{}]+);/g)].map(
    ([, property = "", value = ""]) => [property, value.replaceAll(/var\(--[\w-]+/g, "var(")],
  );
}
