// For esbuild: the page in few files. What loads on demand shares much with what is there already, and esbuild makes a file of
// its own of whatever another set of parts shares: many small ones, which compress badly and are asked for one by one. A part
// that imports all of what is there by the time it loads costs nothing more, and leaves one file for the page and one for
// the call.
import { readFile } from "node:fs/promises";
import { dirname, extname, join, relative } from "node:path";
import { build } from "esbuild";

/** What is there first, and what is there during a call. */
const PAGE = "src/ui/app.tsx";
const CALL = "src/ui/in-call.ts";

/** The plugin for a build with these options. */
export async function fewFiles(options) {
  const { metafile } = await build({ ...options, metafile: true });
  const there = await thereBefore(metafile.inputs);
  return {
    name: "few files",
    setup({ onLoad, initialOptions: { absWorkingDir: root } }) {
      onLoad({ filter: /\.tsx?$/, namespace: "file" }, async ({ path }) => {
        const before = there.get(relative(root, path));
        if (before === undefined) return undefined;
        const other = relative(dirname(path), join(root, before));
        const contents = `${await readFile(path, "utf8")}\nimport "./${other}";\n`;
        return { contents, loader: extname(path).slice(1) };
      });
    },
  };
}

/** By part that loads on demand: what is there already, as far as it is the same for all who load it. */
async function thereBefore(inputs) {
  const reached = root => {
    const files = new Set([root]);
    for (const file of files) {
      for (const { path, kind } of inputs[file].imports) {
        if (kind === "import-statement") files.add(path);
      }
    }
    return files;
  };
  const [page, call] = [reached(PAGE), reached(CALL)];
  const there = new Map();
  for (const [file, { imports }] of Object.entries(inputs)) {
    for (const { path, kind } of imports) {
      if (kind !== "dynamic-import" || page.has(path) || call.has(path)) continue;
      // Who is in both may load it before there is a call.
      if (page.has(file)) there.set(path, PAGE);
      else if (call.has(file) && !there.has(path)) there.set(path, CALL);
    }
  }
  there.set(CALL, PAGE);
  return there;
}
