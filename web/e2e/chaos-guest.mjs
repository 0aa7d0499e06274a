// A guest of `cargo xtask chaos` with a browser. Says a few times a second how it stands, in the words of crates/chaos/src/report.rs,
// and does what it is told, a word a line: reload, worker, freeze, thaw, number. It ends with its standard input.
import { createInterface } from "node:readline";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";

const EVERY_MS = 250;
/** As in report.rs, and more than what passes between two looks. */
const PAUSE_MS = 2 * EVERY_MS;

const [url, via] = process.argv.slice(2);
const browser = await chromium({
  // The relay stands before the server, which keeps its name.
  args: [`--host-resolver-rules=MAP ${new URL(url).host} ${via}`],
});
const ada = await Person.open(browser, url);
await ada.joinCall("Browser");
const control = await ada.page.createCDPSession();

const heard = {};
let number = "";
const names = new Map();
/** Of each line, how many frames were opened when it was looked at last. */
let opened = new Map();

async function look() {
  const { worker } = await ada.stats();
  const tiles = await ada.page.$$eval("li.tile[data-client]", all =>
    all.map(tile => [tile.dataset.client, tile.querySelector(".name-text")?.textContent ?? ""]),
  );
  const people = tiles.filter(([client]) => client !== "");
  for (const [client, name] of people) names.set(client, name);
  const now = Date.now();
  const core = worker?.core;
  const counts = new Map();
  for (const { client, source, opened } of core?.receivers ?? []) {
    counts.set(`${client} ${source}`, { name: names.get(client), count: opened });
  }
  for (const [line, { name, count }] of counts) {
    const fresh = count - Math.min(opened.get(line)?.count ?? 0, count);
    if (name === undefined || fresh === 0) continue;
    heard[name] ??= { count: 0, first: now, last: now, pauses: [] };
    const one = heard[name];
    if (now - one.last >= PAUSE_MS) one.pauses.push([one.last, now]);
    one.count += fresh;
    one.last = now;
  }
  opened = counts;
  const inside = core?.epoch != null && worker !== undefined;
  return {
    inside,
    group: core?.group ?? null,
    epoch: core?.epoch ?? null,
    number,
    people: people.map(([, name]) => name).sort(),
    leaf: null,
    heard,
    losses: core?.losses ?? [],
    ended: null,
  };
}

const orders = {
  async reload() {
    await ada.page.reload();
    await ada.inCall();
  },
  async worker() {
    const worker = await ada.worker();
    // It answers no more.
    void worker.evaluate(() => self.close()).catch(() => undefined);
  },
  async freeze() {
    await control.send("Emulation.setFocusEmulationEnabled", { enabled: false });
    await control.send("Page.setWebLifecycleState", { state: "frozen" });
  },
  async thaw() {
    await control.send("Page.setWebLifecycleState", { state: "active" });
    // It counts as hidden else.
    await control.send("Emulation.setFocusEmulationEnabled", { enabled: true });
  },
  async number() {
    number = await ada.number();
  },
};

let over = false;
let busy = Promise.resolve();
createInterface({ input: process.stdin })
  .on("line", line => {
    busy = busy.then(() => orders[line]?.()).catch(error => console.error(`${line}: ${error}`));
  })
  .on("close", async () => {
    over = true;
    await browser.close();
    process.exit(0);
  });

while (!over) {
  // A page that stands still, or is being loaded, says nothing.
  const report = await Promise.race([
    look().catch(() => undefined),
    new Promise(resolve => setTimeout(resolve, 1_000)),
  ]);
  if (report !== undefined) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    for (const one of Object.values(heard)) one.pauses = [];
  }
  await new Promise(resolve => setTimeout(resolve, EVERY_MS));
}
