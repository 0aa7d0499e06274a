// The core, as built. What the page loads besides is measured by `cargo xtask bench web`.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

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
  return figures;
}
