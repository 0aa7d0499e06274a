// A language is there as soon as its file is, and is called by its own name.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { build } from "esbuild";
import { languages } from "../languages.mjs";
import { Visitor } from "./lib/visitor.mjs";

after(() => Visitor.goHome());

test("a file of texts is found by its name alone, and a test of them is none", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tangelo-languages-"));
  try {
    const names = ["text.ts", "text.eo.ts", "text.pt-BR.ts", "text.test.ts", "text.eo.test.ts"];
    for (const name of names) {
      await writeFile(join(folder, name), `export const text = { of: "${name}" };`);
    }
    await writeFile(join(folder, "entry.ts"), 'export { files } from "tangelo:languages";');
    const out = join(folder, "out.mjs");
    await build({
      entryPoints: [join(folder, "entry.ts")],
      outfile: out,
      bundle: true,
      format: "esm",
      plugins: [languages],
    });
    const { files } = await import(out);
    assert.deepEqual(Object.keys(files), ["eo", "pt-BR"]);
    assert.equal((await files["pt-BR"]()).text.of, "text.pt-BR.ts");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the page offers each language under its own name", async () => {
  const visitor = await Visitor.in("landing/first");
  const offered = await visitor.page.$$eval(".language option", all =>
    all.map(({ value, lang, innerText }) => [value, lang, innerText]),
  );
  assert.deepEqual(offered, [
    ["de", "de", "Deutsch"],
    ["en", "en", "English"],
  ]);
  assert.deepEqual(visitor.errors, []);
});
