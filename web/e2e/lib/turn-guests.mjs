// Two people in the network of through-turn.test.mjs: `node turn-guests.mjs URL BROWSER BROWSER` runs inside it, since a
// browser there can be spoken to only from there. Ends with an error unless both hear and see each other, by a relay.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { chromium, firefox } from "./browser.mjs";
import { noteConnections } from "./connections.mjs";
import { Person } from "./person.mjs";

const [url, ...kinds] = process.argv.slice(2);

/** Browsers give cameras to pages of their own machine without HTTPS, so the server is to be one. */
async function asLocal(there) {
  const { hostname, port } = new URL(there);
  const forward = createServer(here => {
    const on = connect(Number(port), hostname);
    here.pipe(on).pipe(here);
    for (const [one, other] of [
      [here, on],
      [on, here],
    ]) {
      one.on("error", () => other.destroy());
    }
  });
  forward.listen(0, "127.0.0.1");
  await once(forward, "listening");
  return `http://127.0.0.1:${forward.address().port}`;
}

/** The kinds of the candidates of this side that are in use. */
function kindsInUse(person) {
  return person.page.evaluate(async () => {
    const report = await window.connections.at(-1).getStats();
    const all = [...report.values()];
    const chosen = new Set(all.map(each => each.selectedCandidatePairId));
    // Firefox says it of the pair itself.
    const pairs = all.filter(each => each.type === "candidate-pair");
    return pairs
      .filter(pair => chosen.has(pair.id) || pair.selected)
      .map(pair => report.get(pair.localCandidateId).candidateType);
  });
}

const local = await asLocal(url);
const browsers = await Promise.all(
  kinds.map(kind => (kind === "firefox" ? firefox() : chromium())),
);
try {
  const ada = await Person.open(browsers[0], local, noteConnections);
  await ada.startCall("Ada");
  const grace = await Person.open(browsers[1], ada.page.url(), noteConnections);
  await grace.joinCall("Grace");
  const both = [ada, grace];
  await Promise.all(both.map(person => person.sees(2)));
  await Promise.all(both.map(person => person.hearsAndSees(1)));
  for (const person of both) {
    const found = await kindsInUse(person);
    assert.ok(found.length > 0 && found.every(kind => kind === "relay"), `${found}`);
    assert.deepEqual(person.errors, []);
  }
} finally {
  await Promise.all(browsers.map(browser => browser.close()));
}
process.exit(0);
