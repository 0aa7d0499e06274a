// What is loaded before a call can begin, as built.
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const assets = fileURLToPath(new URL("../dist/assets", import.meta.url));

function brotli(content) {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  return brotliCompressSync(content, { params }).length;
}

const gzip = content => gzipSync(content, { level: 9 }).length;

export async function sizes(cores) {
  const figures = [];
  const add = (label, bytes) =>
    figures.push({ section: "sizes", label, value: bytes / 1000, unit: "kB" });
  for (const { name, folder } of cores) {
    const content = await readFile(join(folder, "tangelo_call_bg.wasm"));
    const which = name === "wasm" ? "WASM" : `WASM, profile ${name}`;
    add(`${which}, brotli`, brotli(content));
    add(`${which}, gzip`, gzip(content));
  }
  let page = 0;
  for (const name of (await readdir(assets)).sort()) {
    if (!/\.(js|css)$/.test(name)) continue;
    const bytes = gzip(await readFile(join(assets, name)));
    page += bytes;
    add(`${name.replace(/-[0-9a-f]+\./, ".")}, gzip`, bytes);
  }
  add("JS and CSS of page and worker, gzip", page);
  return figures;
}
