// What the browser loads: one page, its scripts, WASM. Isolated from other sites, so that its clock is fine enough.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const TYPES = { js: "text/javascript", wasm: "application/wasm", html: "text/html" };

/** With these `performance.now()` steps by 5 us; without them by 100 us. */
const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

const PAGE = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<script type="module" src="/page.js"></script>`;

/** Serves `texts` by path, and the files of folders by the path before their name. */
export async function serve(folders, texts) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    const content = path === "/" ? PAGE : (texts[path] ?? (await file(folders, path)));
    const type = TYPES[path.split(".").pop()] ?? TYPES.html;
    response.writeHead(content === undefined ? 404 : 200, { "content-type": type, ...ISOLATED });
    response.end(content);
  });
  await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${server.address().port}/`,
    close: () => server.close(),
  };
}

/** A script with what it imports, the app's own modules among them. */
export async function bundle(entry) {
  const result = await build({
    absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
    entryPoints: [entry],
    bundle: true,
    // WASM modules are loaded as they are.
    external: ["/measurements/*", "/core/*"],
    write: false,
    format: "esm",
    target: "es2022",
    logLevel: "warning",
  });
  return result.outputFiles[0].text;
}

async function file(folders, path) {
  const folder = folders.get(`${dirname(path)}/`);
  if (folder === undefined) return undefined;
  return readFile(join(folder, basename(path))).catch(() => undefined);
}
