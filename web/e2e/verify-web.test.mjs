// `tangelo verify-web` knows the page of its own build from any other.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, cp, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Server, binary } from "./lib/server.mjs";

const built = fileURLToPath(new URL("../dist", import.meta.url));
let server, folder;

before(async () => {
  server = await Server.start();
  folder = await mkdtemp(join(tmpdir(), "tangelo-verify-web-"));
});

after(async () => {
  await server?.stop();
  await rm(folder, { recursive: true });
});

/** Its exit code and what it said. */
async function verify(...more) {
  const child = spawn(binary, ["verify-web", ...more], { stdio: ["ignore", "pipe", "pipe"] });
  let [printed, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", text => (printed += text));
  child.stderr.setEncoding("utf8").on("data", text => (errors += text));
  const [code] = await once(child, "close");
  return { code, printed, errors };
}

test("a server of the same build hands out the same page, by whatever link it is asked", async () => {
  const { printed: list } = await verify("--list");
  const files = list.trimEnd().split("\n");
  assert.ok(files.length > 10 && files.some(line => line.endsWith("  index.html")), list);
  for (const url of [server.url, `${server.url}/`, `${server.url}/r/_a#secret`]) {
    const { code, printed, errors } = await verify(url);
    assert.equal(code, 0, errors);
    assert.ok(printed.includes(`all ${files.length} files`), printed);
  }
});

test("a file that says one thing more is named, compressed or not, and so is one that is gone", async () => {
  await cp(built, folder, { recursive: true });
  const names = await readdir(join(folder, "assets"));
  const app = names.find(name => /^app-.*\.js$/.test(name));
  const wasm = names.find(name => /^call-.*\.wasm$/.test(name));
  const icon = names.find(name => /^icon-.*\.svg$/.test(name));
  await appendFile(join(folder, "assets", app), "\n");
  await appendFile(join(folder, "assets", `${wasm}.br`), "\n");
  await rename(join(folder, "assets", icon), join(folder, "assets", "elsewhere.svg"));
  const other = await Server.start("--web", folder);
  try {
    const { code, errors } = await verify(other.url);
    assert.equal(code, 1);
    const named = errors.split("\n").filter(line => line.startsWith("  /"));
    const about = [
      [`/assets/${app} `, "identity"],
      [`/assets/${wasm} `, "br"],
      [`/assets/${icon} `, "404"],
    ];
    for (const [path, word] of about) {
      assert.ok(
        named.some(line => line.includes(path) && line.includes(word)),
        `${path}${word}: ${errors}`,
      );
    }
    const touched = about.map(([path]) => path);
    assert.ok(
      named.every(line => touched.some(path => line.includes(path))),
      errors,
    );
  } finally {
    await other.stop();
  }
});

test("what is no server is said to be none", async () => {
  assert.deepEqual((await verify("call.example")).code, 2);
  const { code, errors } = await verify("http://127.0.0.1:9");
  assert.equal(code, 1);
  assert.match(errors, /nothing answers/);
});
