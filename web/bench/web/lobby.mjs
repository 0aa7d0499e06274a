// How much the first load brings, and how long it takes until a person can do something in the lobby.
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { chromium } from "../../e2e/lib/browser.mjs";

const assets = fileURLToPath(new URL("../../dist/assets", import.meta.url));
const RUNS = 9;
/** After the lobby can be used, for what it goes on loading. */
const SETTLED_MS = 2_000;

export async function lobby(url) {
  const times = [];
  let loaded = [];
  for (let run = 0; run < RUNS; run++) {
    const visit = await visitLobby(`${url}/r/standup`);
    times.push(visit);
    loaded = visit.loaded;
    console.log(`  lobby: usable after ${visit.usable.toFixed(0)} ms`);
  }
  const middle = key => times.map(visit => visit[key]).sort((a, b) => a - b)[(RUNS - 1) / 2];
  const worst = Math.max(...times.map(({ usable }) => usable));
  const lobbyFigure = (label, value) => ({ section: "lobby", label, value, unit: "ms" });
  return [
    ...(await weight(loaded)),
    lobbyFigure(`the lobby is usable, median of ${RUNS}`, middle("usable")),
    lobbyFigure(`the lobby is usable, worst of ${RUNS}`, worst),
    lobbyFigure(`first paint, median of ${RUNS}`, middle("painted")),
  ];
}

/** A browser that has never been here opens a link. */
async function visitLobby(link) {
  const browser = await chromium();
  try {
    const page = await browser.newPage();
    const loaded = [];
    page.on("request", request => loaded.push(request.url()));
    await page.evaluateOnNewDocument(watchForJoin);
    await page.goto(link);
    await page.waitForFunction(() => window.usable !== undefined, { polling: 100 });
    await new Promise(resolve => setTimeout(resolve, SETTLED_MS));
    const { usable, painted } = await page.evaluate(() => ({
      usable: window.usable,
      painted: performance.getEntriesByName("first-contentful-paint")[0].startTime,
    }));
    return { usable, painted, loaded: [...new Set(loaded)] };
  } finally {
    await browser.close();
  }
}

/** Runs in the page: notes when the name can be typed and the button pressed, in the frame in which they are seen. */
function watchForJoin() {
  const look = () => {
    const field = document.querySelector("form input");
    const button = document.querySelector("form button[type=submit]");
    if (field === null || button === null || field.disabled || button.disabled) {
      requestAnimationFrame(look);
    } else {
      // A task after the frame that shows them: by then it has been drawn.
      requestAnimationFrame(() => setTimeout(() => (window.usable = performance.now())));
    }
  };
  requestAnimationFrame(look);
}

async function weight(urls) {
  const figures = [];
  const add = (label, bytes) =>
    figures.push({ section: "weight", label, value: bytes / 1000, unit: "kB" });
  let all = 0;
  for (const name of urls.map(url => basename(new URL(url).pathname)).sort()) {
    if (!/\.(js|css)$/.test(name)) continue;
    const bytes = gzipSync(await readFile(join(assets, name)), { level: 9 }).length;
    all += bytes;
    add(`${name.replace(/-[0-9A-Za-z]+\./, ".")}, gzip`, bytes);
  }
  add("JS and CSS of page and worker, gzip", all);
  return figures;
}
