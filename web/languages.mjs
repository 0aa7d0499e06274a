// For esbuild: which languages there are. `import { files } from "tangelo:languages"` has, by language tag, what loads each
// text.TAG.ts in the folder of whoever imports it. So a language is there as soon as its file is.
import { readdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

/** A tag of BCP 47; no language is called `test`. */
const FILE = /^text\.([a-z]{2,3}(?:-[A-Za-z0-9]+)*)\.ts$/;

export const languages = {
  name: "languages",
  setup(build) {
    const root = build.initialOptions.absWorkingDir ?? process.cwd();
    // The path goes into names and order of what is built, which are to be the same wherever the checkout is.
    build.onResolve({ filter: /^tangelo:languages$/ }, ({ importer }) => ({
      namespace: "languages",
      path: relative(root, dirname(importer)),
    }));
    build.onLoad({ filter: /.*/, namespace: "languages" }, async ({ path }) => {
      const folder = join(root, path);
      const tags = (await readdir(folder)).flatMap(name => FILE.exec(name)?.[1] ?? []).sort();
      const lines = tags.map(tag => `"${tag}": () => import("./text.${tag}.ts"),`);
      return {
        contents: `export const files = {${lines.join("")}};`,
        resolveDir: folder,
        watchDirs: [folder],
      };
    });
  },
};
