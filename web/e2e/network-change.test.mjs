// Out of one network into another in the middle of a call.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { noteConnections } from "./lib/connections.mjs";
import { Networks } from "./lib/networks.mjs";
import { Person } from "./lib/person.mjs";
import { binary, Server } from "./lib/server.mjs";
import { whyNoNetworks } from "./lib/spaces.mjs";

/** So much comes only where a call goes on: who hears and sees got more than this, and ICE checks are a few thousand. */
const MEDIA_BYTES = 50_000;

/** The SSRC of each line that comes in, and the connections that the page has made. */
function lines(person) {
  return person.page.evaluate(async () => {
    const report = await window.connections.at(-1).getStats();
    const all = [...report.values()].filter(each => each.type === "inbound-rtp");
    const ssrcs = all.map(({ mid, ssrc }) => `${mid} ${ssrc}`).sort();
    return { connections: window.connections.length, ssrcs };
  });
}

test(
  "who changes the network stays in the call, on the same connection",
  { skip: whyNoNetworks() },
  async () => {
    const networks = new Networks();
    let server, browser;
    try {
      server = await Server.run(
        networks.forServer(binary),
        ...["--listen", `${networks.listen}:0`, "--public-ip", networks.media],
      );
      browser = await chromium({
        within: program => networks.forGuests(program),
        // Pages of other machines have no camera without HTTPS.
        args: [`--unsafely-treat-insecure-origin-as-secure=${server.url}`],
      });
      const ada = await Person.open(browser, server.url, noteConnections);
      await ada.startCall("Ada");
      const grace = await Person.open(browser, ada.page.url(), noteConnections);
      await grace.joinCall("Grace");
      const both = [ada, grace];
      await Promise.all(both.map(person => person.sees(2)));
      await Promise.all(both.map(person => person.hearsAndSees(1)));
      const before = await Promise.all(both.map(lines));
      assert.ok(networks.bytesOnSecond() < MEDIA_BYTES);

      networks.change();
      await Promise.all(both.map(person => person.reported("ice-restart")));
      await Promise.all(both.map(person => person.hearsAndSees(1)));
      await Promise.all(both.map(person => person.sees(2)));
      assert.ok(networks.bytesOnSecond() > MEDIA_BYTES, `${networks.bytesOnSecond()}`);
      assert.deepEqual(await Promise.all(both.map(lines)), before);
      for (const person of both) {
        const { worker } = await person.stats();
        assert.deepEqual(worker.core.losses, [], "nobody had to arrive anew");
        assert.deepEqual(person.errors, []);
        await person.close();
      }
    } finally {
      await browser?.close();
      await server?.stop();
      networks.remove();
    }
  },
);
