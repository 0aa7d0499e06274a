// Bundles the stories as build.mjs bundles the page, and serves them as the real server would.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { languages } from "../../languages.mjs";

const web = fileURLToPath(new URL("../../", import.meta.url));
const folder = join(web, "stories");
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};
/** The images for behind a person. */
const SCENES = ["dawn", "grove", "dusk"];
/** What the lobby is told of a room. */
const ROOMS = { "fruit-growers": '{"present":0}', broken: "The server is busy: try again." };

/** Serves the stories on a free port of the loopback interface. `port` is 0 for a port that the system chooses. */
export async function serveStories(port = 0) {
  const files = await bundle();
  const headers = await serverHeaders();
  const server = createServer((request, response) => {
    for (const [name, value] of headers(request.headers.host)) response.setHeader(name, value);
    const { pathname } = new URL(request.url, "http://stories");
    const room = /^\/api\/rooms\/(.+)$/.exec(pathname)?.[1];
    if (room !== undefined) return response.end(ROOMS[room] ?? '{"present":3}');
    // Any other address is a page of the app.
    const name = files.has(pathname) ? pathname : "/index.html";
    response.setHeader("content-type", TYPES[extname(name)]);
    response.end(files.get(name));
  });
  await new Promise(resolve => server.listen(port, "127.0.0.1", resolve));
  return {
    port: server.address().port,
    async stop() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

async function bundle() {
  const options = {
    absWorkingDir: web,
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    define: {
      WORKER_URL: '"/worker.js"',
      INSPECTOR_STYLE_URL: '"/inspector.css"',
      LATER_STYLE_URL: '"/later.css"',
      SCENE_URLS: JSON.stringify(
        Object.fromEntries(SCENES.map(name => [name, `/scene-${name}.svg`])),
      ),
    },
    jsx: "automatic",
    jsxImportSource: "preact",
    plugins: [languages],
    logLevel: "warning",
    outdir: folder,
  };
  const [page, ...styles] = await Promise.all([
    build({ ...options, entryPoints: ["stories/main.tsx"], splitting: true, outbase: "stories" }),
    build({ ...options, entryPoints: ["src/ui/style.css"] }),
    build({ ...options, entryPoints: ["src/ui/later.css"] }),
    build({ ...options, entryPoints: ["src/ui/inspector/inspector.css"] }),
  ]);
  const files = new Map(
    [page, ...styles]
      .flatMap(({ outputFiles }) => outputFiles)
      .map(({ path, contents }) => [`/${relative(folder, path)}`, contents]),
  );
  files.set("/index.html", await readFile(join(folder, "index.html")));
  files.set("/icon.svg", await readFile(join(web, "src/icon.svg")));
  for (const name of SCENES) {
    const file = join(web, "src/effects/scenes", `${name}.svg`);
    files.set(`/scene-${name}.svg`, await readFile(file));
  }
  return files;
}

/**
 * The headers that crates/server/src/headers.rs sends, read from there: one source of truth, and an error here if it is
 * written in another way one day.
 */
async function serverHeaders() {
  const source = await readFile(join(web, "../crates/server/src/headers.rs"), "utf8");
  const words = quoted => quoted.replaceAll(/\\\n\s*/g, "");
  const policy = words(/format!\(\s*"(default-src [^"]*)"/.exec(source)?.[1] ?? "");
  const table = /FIXED_HEADERS: [^=]*= \[(.*?)\n\];/s.exec(source)?.[1] ?? "";
  const fixed = [...table.matchAll(/\(\s*"([^"]*)",\s*"([^"]*)",?\s*\)/g)].map(
    ([, name, value]) => [name, words(value)],
  );
  const count = Number(/FIXED_HEADERS: \[.*; (\d+)\]/.exec(source)?.[1]);
  if (!policy.includes("{sockets}") || !policy.includes("script-src") || fixed.length !== count) {
    throw new Error(
      "crates/server/src/headers.rs does not read as web/stories/lib/server.mjs expects",
    );
  }
  return host => [
    ["content-security-policy", policy.replace("{sockets}", ` ws://${host} wss://${host}`)],
    ...fixed,
  ];
}
