// The addresses that a host gives: one of them that works is enough.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { binary, Server } from "./lib/server.mjs";

/** For documentation (RFC 5737): nobody answers there. */
const NOWHERE = "203.0.113.7";

let browser;
before(async () => {
  browser = await chromium();
});
after(() => browser?.close());

const at = (...addresses) => addresses.flatMap(address => ["--public-ip", address]);

async function callThrough(...options) {
  const server = await Server.run(binary, "--listen", "127.0.0.1:0", ...options);
  try {
    const ada = await Person.open(browser, server.url);
    await ada.startCall("Ada");
    const grace = await Person.open(browser, ada.page.url());
    await grace.joinCall("Grace");
    const both = [ada, grace];
    await Promise.all(both.map(person => person.sees(2)));
    await Promise.all(both.map(person => person.hearsAndSees(1)));
    for (const person of both) {
      assert.deepEqual(person.errors, []);
      await person.close();
    }
  } finally {
    await server.stop();
  }
}

test("an address that nobody reaches does no harm beside one that works", () =>
  callThrough(...at(NOWHERE, "127.0.0.1")));

/** Browsers gather no loopback addresses: they need another one of IPv6 to begin from. */
const IPV6 = Object.values(networkInterfaces())
  .flat()
  .some(({ family, internal, scopeid }) => family === "IPv6" && !internal && scopeid === 0);

test("IPv6 alone is enough", { skip: IPV6 ? false : "this machine has no IPv6 address" }, () =>
  callThrough(...at("::1")),
);

test("the address that a STUN server has seen is enough", async () => {
  const stun = createSocket("udp4");
  stun.on("message", (request, { port, address }) => stun.send(seenAt127(request), port, address));
  stun.bind(0, "127.0.0.1");
  await once(stun, "listening");
  try {
    await callThrough(...at(NOWHERE), "--stun", `127.0.0.1:${stun.address().port}`);
  } finally {
    stun.close();
  }
});

/** A success response (RFC 8489) that says 127.0.0.1 to every binding request. */
function seenAt127(request) {
  const cookie = request.subarray(4, 8);
  const masked = [127, 0, 0, 1].map((octet, place) => octet ^ cookie[place]);
  const attribute = [0, 0x20, 0, 8, 0, 1, 0, 0, ...masked];
  return Buffer.concat([
    Buffer.from([1, 1, 0, 12]),
    request.subarray(4, 20),
    Buffer.from(attribute),
  ]);
}
