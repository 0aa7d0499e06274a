// Runs the unit tests: bundles src/**/*.test.ts and gives them to Node's own test runner. `node test.mjs NAME...` runs the
// files whose path has one of these in it.
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { languages } from "./languages.mjs";

const root = fileURLToPath(new URL(".", import.meta.url));
const wanted = process.argv.slice(2);
const tests = (await readdir(join(root, "src"), { recursive: true }))
  .filter(name => name.endsWith(".test.ts"))
  .filter(name => wanted.length === 0 || wanted.some(part => name.includes(part)));
const out = await mkdtemp(join(tmpdir(), "tangelo-web-test-"));
try {
  const built = await build({
    absWorkingDir: join(root, "src"),
    entryPoints: tests,
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    metafile: true,
    plugins: [languages],
    logLevel: "warning",
  });
  const files = Object.keys(built.metafile.outputs).map(name => join(root, "src", name));
  const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], {
    cwd: root,
    stdio: "inherit",
  });
  process.exitCode = run.status ?? 1;
} finally {
  await rm(out, { recursive: true, force: true });
}
