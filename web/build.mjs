// Builds the web app into dist/: `node build.mjs`. Needs the WASM module in src/generated/wasm/, which
// `cargo xtask` builds. Names carry a hash of the content, so that everything but index.html can be cached for ever.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import { build } from "esbuild";
import { languages } from "./languages.mjs";
import { fewFiles } from "./parts.mjs";

const root = fileURLToPath(new URL(".", import.meta.url));
const dist = join(root, "dist");
const wasmFile = join(root, "src/generated/wasm/tangelo_call_bg.wasm");
const effectsFile = "src/generated/wasm/tangelo_effects.wasm";
/** Of this package only the weights of its two networks are used (docs/decisions/0014). */
const models = "node_modules/@mediapipe/selfie_segmentation";
const brotli = promisify(brotliCompress);

const wasm = await readFile(wasmFile).catch(() => {
  console.error(
    "web/src/generated/wasm/tangelo_call_bg.wasm is missing. `cargo xtask serve` builds it; run that instead.",
  );
  process.exit(1);
});

await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, "assets"), { recursive: true });

const sizes = [];
const wasmUrl = await asset("call", "wasm", wasm);
const workerUrl = await asset(
  "worker",
  "js",
  await bundle("src/worker/main.ts", { WASM_URL: JSON.stringify(wasmUrl) }),
);
const laterStyleUrl = await asset("later", "css", await bundle("src/ui/later.css", {}));
const inspectorStyleUrl = await asset(
  "inspector",
  "css",
  await bundle("src/ui/inspector/inspector.css", {}),
);
const page = await pages("src/ui/main.tsx", {
  WORKER_URL: JSON.stringify(workerUrl),
  INSPECTOR_STYLE_URL: JSON.stringify(inspectorStyleUrl),
  LATER_STYLE_URL: JSON.stringify(laterStyleUrl),
  ...(await effects()),
});
const styles = await bundle("src/ui/style.css", {});
const styleUrl = await asset("app", "css", styles);
const icon = await readFile(join(root, "src/icon.svg"));
const iconUrl = await asset("icon", "svg", icon);
const pictures = async name =>
  asset(name, "png", await readFile(join(root, `src/icons/${name}.png`)));
const touchIconUrl = await pictures("icon-touch");
const square = async (name, edge, purpose = "any") => ({
  src: await pictures(name),
  sizes: `${edge}x${edge}`,
  type: "image/png",
  purpose,
});
const manifest = {
  id: "/",
  name: "Tangelo",
  short_name: "Tangelo",
  description: "Video calls that only the people in them can see and hear.",
  start_url: "/",
  display: "standalone",
  background_color: "#fdf7f0",
  theme_color: "#e8590c",
  icons: [
    { src: iconUrl, sizes: "any", type: "image/svg+xml", purpose: "any" },
    await square("icon-192", 192),
    await square("icon-512", 512),
    await square("icon-maskable", 512, "maskable"),
  ],
};
const manifestUrl = await asset("app", "webmanifest", Buffer.from(JSON.stringify(manifest)));

const html = (await readFile(join(root, "src/index.html"), "utf8"))
  .replaceAll("{icon}", iconUrl)
  .replaceAll("{touchIcon}", touchIconUrl)
  .replaceAll("{manifest}", manifestUrl)
  .replaceAll("{style}", `${styleUrl}" integrity="${integrity(styles)}`)
  .replaceAll(
    "{preload}",
    page.chunks.map(url => `<link rel="modulepreload" href="${url}" />`).join(""),
  )
  .replaceAll("{script}", `${page.url}" integrity="${integrity(page.code)}`);
await put("index.html", Buffer.from(html));
await put("licenses.txt", await licenses());

for (const { name, bytes, brotliBytes } of sizes) {
  console.log(
    `${name.padEnd(36)} ${String(bytes).padStart(9)} B ${String(brotliBytes).padStart(9)} B brotli`,
  );
}

function options(entry, define) {
  return {
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: ["es2022", "chrome120", "firefox121", "safari17"],
    define,
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    plugins: [languages],
    logLevel: "warning",
  };
}

async function bundle(entry, define) {
  const result = await build(options(entry, define));
  return Buffer.from(result.outputFiles[0].contents);
}

/**
 * The page's script, and the parts of it that load when somebody wants them (`import()` in the sources). `chunks` are the
 * parts that it needs at once.
 */
async function pages(entry, define) {
  const wanted = {
    ...options(entry, define),
    splitting: true,
    metafile: true,
    outdir: "dist/assets",
    entryNames: "app-[hash]",
    chunkNames: "[name]-[hash]",
  };
  const plugins = [...wanted.plugins, await fewFiles(wanted)];
  const { outputFiles, metafile } = await build({ ...wanted, plugins });
  for (const { path, contents } of outputFiles) await put(relative(dist, path), contents);
  const [file, { imports }] = Object.entries(metafile.outputs).find(
    ([, output]) => output.entryPoint === entry,
  );
  const urlOf = path => `/${relative(dist, join(root, path))}`;
  return {
    url: urlOf(file),
    code: outputFiles.find(({ path }) => path === join(root, file)).contents,
    chunks: imports
      .filter(({ kind }) => kind === "import-statement")
      .map(({ path }) => urlOf(path)),
  };
}

/** What effects load once somebody turns them on. */
async function effects() {
  const read = (...path) => readFile(join(root, ...path));
  const script = name => bundle(`src/effects/worker/${name}.ts`, {});
  const scene = async name =>
    asset(`scene-${name}`, "svg", await read("src/effects/scenes", `${name}.svg`));
  const scenes = ["dawn", "grove", "dusk"].map(async name => [name, await scene(name)]);
  const addresses = {
    EFFECTS_WASM_URL: await asset("effects", "wasm", await read(effectsFile)),
    NOISE_WORKLET_URL: await asset("noise-worklet", "js", await script("noise-worklet")),
    BACKGROUND_WORKER_URL: await asset("background-worker", "js", await script("background")),
    WIDE_MODEL_URL: await asset(
      "model-wide",
      "bin",
      await read(models, "selfie_segmentation_landscape.tflite"),
    ),
    SQUARE_MODEL_URL: await asset(
      "model-square",
      "bin",
      await read(models, "selfie_segmentation.tflite"),
    ),
    SCENE_URLS: Object.fromEntries(await Promise.all(scenes)),
  };
  return Object.fromEntries(
    Object.entries(addresses).map(([name, value]) => [name, JSON.stringify(value)]),
  );
}

/** Writes a file under a name with its hash and returns its address. */
async function asset(stem, extension, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  const name = `assets/${stem}-${hash}.${extension}`;
  await put(name, content);
  return `/${name}`;
}

/** Writes a file and its brotli sibling. */
async function put(name, content) {
  const compressed = await brotli(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
  await writeFile(join(dist, name), content);
  await writeFile(join(dist, `${name}.br`), compressed);
  sizes.push({ name, bytes: content.length, brotliBytes: compressed.length });
}

function integrity(content) {
  return `sha384-${createHash("sha384").update(content).digest("base64")}`;
}

/** The licences of the packages that are part of the page, and of Rust's with conditions for what is given away. */
async function licenses() {
  const { dependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const parts = [];
  for (const name of Object.keys(dependencies)) {
    const folder = join(root, "node_modules", name);
    const file = (await readdir(folder)).find(entry => /^licen[cs]e/i.test(entry));
    const { license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    if (file === undefined && license !== "Apache-2.0")
      throw new Error(`${name} has no licence file`);
    // The Apache licence is the same text everywhere, and not in every package.
    const path = file === undefined ? join(root, "../LICENSE-APACHE") : join(folder, file);
    parts.push(`${name}\n\n${await readFile(path, "utf8")}`);
  }
  for (const file of await readdir(join(root, "licenses"))) {
    const text = await readFile(join(root, "licenses", file), "utf8");
    parts.push(`${file.replace(".txt", "")}\n\n${text}`);
  }
  return Buffer.from(parts.join("\n\n"));
}
