// Looks at every state of every screen: `node web/stories/run.mjs`. `cargo xtask test` does it with everything set up.
//
//   NAME...   only stories and tests whose name has one of these in it
//   --write   makes the pictures of docs/screenshots/ and the icons of web/src/icons/ anew, too
//   --shots F takes a picture of each story in each size into the folder F, to look at
//   --serve   serves the stories to a browser of one's own, without looking at them
//
// TANGELO_CHROMIUM  the Chromium to drive; one on the PATH without it
import { spawnSync } from "node:child_process";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { axe, keyboard, layout } from "./lib/audit.mjs";
import { SIZES, StoryBrowser, isPhone, setSize, takePicture } from "./lib/browser.mjs";
import { drawIcons } from "./lib/icons.mjs";
import { serveStories } from "./lib/server.mjs";

/** Stories that are looked at at the same time, each in a page of its own. */
const PAGES = 2;
/**
 * In which sizes axe looks, and whether at everything: colours are those of one of the two schemes, and what the parts are
 * and are called differs between wide and narrow only. How they lie is looked at in every size,
 * from right to left, too.
 */
const AXE = {
  desktop: "all",
  dark: "looks",
  phone: "all",
  small: "looks",
};
/** Of pictures of a wide window: legible in a document, and small files. */
const PICTURE = { width: 1100, height: 660 };

const folder = fileURLToPath(new URL(".", import.meta.url));
const documents = join(folder, "../../docs/screenshots");
const { values, positionals: wanted } = parseArgs({
  options: {
    write: { type: "boolean", default: false },
    shots: { type: "string" },
    serve: { type: "boolean", default: false },
  },
  allowPositionals: true,
});

if (values.serve) {
  const { port } = await serveStories();
  console.log(`The stories are at http://127.0.0.1:${port}/`);
} else {
  const problems = await lookAtAll();
  for (const problem of problems) console.error(problem);
  const failed = problems.length > 0;
  if (failed) console.error(`\n${problems.length} problems`);
  process.exitCode = (await runTests()) && !failed ? 0 : 1;
}

async function lookAtAll() {
  const stories = await StoryBrowser.start();
  try {
    const { page } = await stories.newPage();
    await stories.open(page);
    const all = await page.evaluate(() => window.stories.stories);
    await page.close();
    const chosen = all.filter(({ name }) => isWanted(name));
    if (values.write && wanted.length === 0) await rm(documents, { recursive: true, force: true });
    if (values.write) {
      await mkdir(documents, { recursive: true });
      await drawIcons(stories.browser);
    }
    if (values.shots !== undefined) await mkdir(values.shots, { recursive: true });
    const problems = [];
    // Each page is one or the other: see `setSize`.
    for (const phone of [false, true]) {
      const left = [...chosen];
      const work = async () => {
        const { page, errors } = await stories.newPage();
        for (let story = left.shift(); story !== undefined; story = left.shift()) {
          problems.push(...(await lookAt(stories, page, story, phone)));
          problems.push(...errors.splice(0).map(error => `${story.name}: ${error}`));
        }
        await page.browserContext().close();
      };
      await Promise.all(Array.from({ length: PAGES }, work));
    }
    console.log(`${chosen.length} stories, each in ${Object.keys(SIZES).length} sizes`);
    return problems;
  } finally {
    await stories.stop();
  }
}

/** One story in all sizes of phones, or in all others. Returns what is wrong, one line each. */
async function lookAt(stories, page, { name, pictures = {} }, phone) {
  const problems = [];
  const sizes = Object.entries(SIZES).filter(([, look]) => isPhone(look) === phone);
  try {
    await setSize(page, sizes[0][1]);
    await stories.open(page, name);
    if (values.write) {
      for (const [file, size] of Object.entries(pictures)) {
        if (isPhone(SIZES[size]) !== phone) continue;
        await setSize(page, { ...SIZES[size], ...(phone ? {} : PICTURE) });
        await takePicture(page, join(documents, `${file}.png`));
      }
    }
    for (const [size, look] of sizes) {
      await setSize(page, look);
      if (values.shots !== undefined) {
        const file = `${name}, ${size}.png`.replaceAll("/", " ");
        await takePicture(page, join(values.shots, file));
      }
      const judged = AXE[size] === undefined ? [] : await axe(page, AXE[size] === "all");
      const found = [...judged, ...(await layout(page))];
      problems.push(...found.map(problem => `${name}, ${size}: ${problem}`));
    }
    // At the end, since it scrolls and moves the focus, from the beginning.
    const size = phone ? "small" : "desktop";
    await stories.open(page, name);
    await setSize(page, SIZES[size]);
    const found = await keyboard(page);
    problems.push(...found.map(problem => `${name}, ${size}: ${problem}`));
    const shown = await page.evaluate(() => window.stories.shown);
    if (shown !== name) throw new Error(`the page shows ${shown} in the end`);
  } catch (error) {
    problems.push(`${name}: ${error.message}`);
  }
  return problems;
}

/** How the parts behave that can be tried without a server. Whether all is well. */
async function runTests() {
  const files = (await readdir(folder))
    .filter(name => name.endsWith(".test.mjs") && isWanted(name))
    .map(name => join(folder, name));
  if (files.length === 0) return true;
  const run = spawnSync(
    process.execPath,
    ["--test", "--test-reporter=spec", "--test-concurrency=1", ...files],
    { stdio: "inherit" },
  );
  return run.status === 0;
}

function isWanted(name) {
  return wanted.length === 0 || wanted.some(part => name.includes(part));
}
