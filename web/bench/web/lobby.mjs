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
  for (let run = 0; run < RUNS; run++) {
    const visit = await visitLobby(`${url}/r/standup`);
    times.push(visit);
    console.log(`  lobby: usable after ${visit.usable.toFixed(0)} ms`);
  }
  const middle = key => times.map(visit => visit[key]).sort((a, b) => a - b)[(RUNS - 1) / 2];
  const worst = Math.max(...times.map(({ usable }) => usable));
  const lobbyFigure = (label, value) => ({ section: "lobby", label, value, unit: "ms" });
  return [
    ...(await weight(`${url}/r/standup`)),
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
    await page.evaluateOnNewDocument(watchForJoin);
    await page.goto(link);
    // The browser tells of the paint some time after it.
    await page.waitForFunction(
      () =>
        window.usable !== undefined &&
        performance.getEntriesByName("first-contentful-paint").length > 0,
      { polling: 100 },
    );
    return await page.evaluate(() => ({
      usable: window.usable,
      painted: performance.getEntriesByName("first-contentful-paint")[0].startTime,
    }));
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

/** Scripts and styles, compressed: those of the first load one by one and together, and with what the call adds. */
async function weight(link) {
  const browser = await chromium();
  const figures = [];
  const add = (label, bytes) =>
    figures.push({ section: "weight", label, value: bytes / 1000, unit: "kB" });
  try {
    for (const [language, tag] of Object.entries({ English: "en", German: "de" })) {
      const sizes = await sizesOf(await loaded(browser, link, tag, false));
      if (tag === "en") {
        for (const [name, bytes] of sizes) add(name, bytes);
      }
      const sum = all => all.reduce((total, [, bytes]) => total + bytes, 0);
      add(`JS and CSS of the first load, ${language}`, sum(sizes));
      const whole = await sizesOf(await loaded(browser, link, tag, true));
      add(`with the call's part, which loads in the lobby, ${language}`, sum(whole));
    }
  } finally {
    await browser.close();
  }
  return figures;
}

/** The files that a page asks for until it has settled in the lobby; without the call's part, or with it. */
async function loaded(browser, link, tag, whole) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const names = new Set();
  await page.setRequestInterception(true);
  page.on("request", request => {
    const name = basename(new URL(request.url()).pathname);
    const isCall = name.startsWith("in-call-");
    if (isCall && !whole) return request.abort();
    names.add(name);
    return request.continue();
  });
  await page.evaluateOnNewDocument(wanted => {
    Object.defineProperty(navigator, "languages", { get: () => [wanted] });
  }, tag);
  await page.goto(link);
  await page.waitForSelector("form button[type=submit]");
  await new Promise(resolve => setTimeout(resolve, SETTLED_MS));
  await context.close();
  const expected = [/^app-.*js$/, /^app-.*css$/, /^worker-/, new RegExp(`^text\\.${tag}-`)];
  if (whole) expected.push(/^in-call-/);
  for (const one of expected) {
    if (![...names].some(name => one.test(name))) throw new Error(`${one} was not loaded`);
  }
  return [...names].filter(name => /\.(js|css)$/.test(name)).sort();
}

async function sizesOf(names) {
  const size = async name => gzipSync(await readFile(join(assets, name)), { level: 9 }).length;
  return Promise.all(names.map(async name => [name, await size(name)]));
}
