// Measures in a real browser: `cargo xtask bench e2ee` runs it.
//
// node web/bench/run.mjs [--quick] --measurements FOLDER [--other NAME FOLDER] --out FILE
//
// FOLDER after --measurements holds the WASM of crates/bench; --other names a core that was built with another profile.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "../e2e/lib/browser.mjs";
import { bundle, serve } from "./serve.mjs";
import { sizes } from "./sizes.mjs";

const web = fileURLToPath(new URL("..", import.meta.url));
const { values, positionals } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    measurements: { type: "string" },
    other: { type: "string" },
    out: { type: "string" },
  },
  allowPositionals: true,
});
const { quick } = values;

/** All measurements are one call into the page. */
const PATIENCE_MS = 3_600_000;

/** The cores to measure, the shipped one first. */
const cores = [{ name: "wasm", folder: `${web}src/generated/wasm` }];
if (values.other !== undefined) cores.push({ name: values.other, folder: positionals[0] });

const files = new Map([["/measurements/", values.measurements]]);
for (const core of cores) files.set(`/core/${core.name}/`, core.folder);
const server = await serve(files, {
  "/page.js": await bundle("page.mjs"),
  "/worker.js": await bundle("worker.mjs"),
});

const figures = await sizes(cores);
const browser = await chromium({ patienceMs: PATIENCE_MS });
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  page.on("console", message => console.log(`  ${message.text()}`));
  page.on("pageerror", error => console.log(`  page: ${error.message}`));
  await page.goto(server.url);
  const names = cores.map(core => core.name);
  figures.push(
    ...(await page.evaluate((names, quick) => window.measure(names, quick), names, quick)),
  );
  const about = { section: "about", label: "Chromium", text: await browser.version() };
  await writeFile(values.out, JSON.stringify([...figures, about]));
} finally {
  await browser.close();
  server.close();
}
