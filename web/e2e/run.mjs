// Runs the browser tests: `node web/e2e/run.mjs`. `cargo xtask test` does it with everything set up.
//
// TANGELO_BIN       the server to test; target/release/tangelo without it
// TANGELO_CHROMIUM  the Chromium to drive; one on the PATH without it
import { spawnSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const wanted = process.argv.slice(2);
const files = (await readdir(folder))
  .filter(name => name.endsWith(".test.mjs"))
  .filter(name => wanted.length === 0 || wanted.some(part => name.includes(part)))
  .sort()
  .map(name => join(folder, name));

// One file at a time: each has browsers that encode and decode video in software.
const run = spawnSync(
  process.execPath,
  ["--test", "--test-reporter=spec", "--test-concurrency=1", ...files],
  { stdio: "inherit" },
);
process.exitCode = run.status ?? 1;
