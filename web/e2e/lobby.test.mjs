// Before the call: who cannot join is told why, and sends nothing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

let server, browser;
before(async () => {
  server = await Server.start();
  browser = await chromium();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const body = person => person.page.evaluate(() => document.body.innerText);

/** Counts what a page could send media with. */
function countMedia() {
  window.mediaUses = { connections: 0, devices: 0 };
  const Original = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Original {
    constructor(...args) {
      super(...args);
      window.mediaUses.connections++;
    }
  };
  const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (...args) => {
    window.mediaUses.devices++;
    return getUserMedia(...args);
  };
}

test("a browser without encoded transforms is refused with the reason and sends no media", async () => {
  const person = await Person.open(
    browser,
    `${server.url}/r/standup`,
    `(${countMedia})(); delete window.RTCRtpScriptTransform; delete RTCRtpSender.prototype.transform;`,
  );
  await person.until("the reason", () =>
    document.body.innerText.includes("encrypt calls end to end"),
  );
  const join = await person.page.$('aria/Join call[role="button"]');
  assert.ok(join === null || (await join.evaluate(button => button.disabled)), "no way to join");
  await join?.evaluate(button => button.click());
  await new Promise(resolve => setTimeout(resolve, 1_500));
  assert.deepEqual(await person.page.evaluate(() => window.mediaUses), {
    connections: 0,
    devices: 0,
  });
  await person.close();
});

test("the same browser with them may join, and the counters do count", async () => {
  const person = await Person.open(browser, `${server.url}/r/standup`, `(${countMedia})();`);
  await person.joinCall("Ada");
  const uses = await person.page.evaluate(() => window.mediaUses);
  assert.ok(uses.connections > 0 && uses.devices > 0, JSON.stringify(uses));
  await person.close();
});

test("a secret room's link without its secret, or with a wrong one, is refused", async () => {
  const ada = await Person.open(browser, server.url);
  await ada.startCall("Ada");
  const [room, secret] = ada.page.url().split("#");
  for (const link of [room, `${room}#${secret.slice(0, 40)}`, `${room}#${"a".repeat(64)}`]) {
    const eve = await Person.open(browser, link);
    await eve.until(
      "a refusal",
      () => /link/i.test(document.body.innerText) && document.querySelector("li.tile") === null,
    );
    const field = await eve.page.$("aria/Your name");
    if (field !== null) {
      // The secret is checked when joining: nothing leaves the page.
      await field.type("Eve");
      await eve.click("Join call");
      await eve.until("a refusal", () => /whole link/i.test(document.body.innerText));
    }
    assert.match(await body(eve), /whole link/i);
    await eve.close();
  }
  await ada.sees(1);
  await ada.close();
});

test("one may join without camera and microphone", async () => {
  const bare = await chromium({ devices: false });
  try {
    const ada = await Person.open(bare, `${server.url}/r/bare`);
    await ada.until("words about the devices", () =>
      /camera|microphone/i.test(document.body.innerText),
    );
    await ada.joinCall("Ada");
    const grace = await Person.open(browser, `${server.url}/r/bare`);
    await grace.joinCall("Grace");
    await ada.until("Grace's picture", () => document.querySelectorAll("video.live").length === 1);
    await grace.until("Ada's tile", () => document.querySelectorAll("li.tile").length === 2);
    await Promise.all([ada.close(), grace.close()]);
  } finally {
    await bare.close();
  }
});

test("a refused permission is explained, and one may join all the same", async () => {
  const strict = await chromium({ allowed: false });
  try {
    const ada = await Person.open(strict, `${server.url}/r/strict`);
    await ada.until("words about the permission", () =>
      /allow|permission/i.test(document.body.innerText),
    );
    await ada.joinCall("Ada");
    await ada.close();
  } finally {
    await strict.close();
  }
});

test("a room with a name says that its link does not protect it", async () => {
  const person = await Person.open(browser, `${server.url}/r/standup`);
  await person.until("the warning", () => /not protect/i.test(document.body.innerText));
  await person.close();
});
