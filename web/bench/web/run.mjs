// Measures the web app in a real browser: `cargo xtask bench web` runs it.
//
// node web/bench/web/run.mjs --crowd PROGRAM --out FILE
//
// PROGRAM is tangelo-crowd of crates/bench; TANGELO_BIN and TANGELO_CHROMIUM name server and browser.
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { chromium } from "../../e2e/lib/browser.mjs";
import { Server } from "../../e2e/lib/server.mjs";
import { lobby } from "./lobby.mjs";
import { tiles } from "./tiles.mjs";

const { values } = parseArgs({ options: { crowd: { type: "string" }, out: { type: "string" } } });

const server = await Server.start();
try {
  const figures = [...(await lobby(server.url)), ...(await tiles(server.url, values.crowd))];
  const browser = await chromium();
  const about = { section: "about", label: "Chromium", text: await browser.version() };
  await browser.close();
  await writeFile(values.out, JSON.stringify([...figures, about]));
} finally {
  await server.stop();
}
