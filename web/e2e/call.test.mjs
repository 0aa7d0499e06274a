// The first call: real Chromium pages with fake devices, through the real server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { Person, refusals } from "./lib/person.mjs";
import { DEADLINE } from "../stories/lib/until.mjs";
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

test("two, three and two again see and hear each other, and the numbers agree", async () => {
  const ada = await Person.open(browser, server.url);
  await ada.startCall("Ada");
  const link = ada.page.url();
  assert.match(link, /\/r\/_[a-z2-7]{32}#[a-z2-7]{64}$/);

  const grace = await Person.open(browser, link);
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);
  assert.deepEqual((await ada.names()).toSorted(), ["Ada", "Grace"]);

  const ofTwo = await ada.number();
  assert.match(ofTwo, /^(\d{5} ){11}\d{5}$/);
  assert.equal(await grace.number(), ofTwo);
  await Promise.all([sameSize(ada, grace), sameSize(grace, ada)]);

  const lin = await Person.open(browser, link);
  await lin.joinCall("Lin");
  const three = [ada, grace, lin];
  await Promise.all(three.map(person => person.sees(3)));
  await Promise.all(three.map(person => person.hearsAndSees(2)));
  const ofThree = await Promise.all(three.map(person => person.number()));
  assert.deepEqual(new Set(ofThree).size, 1, "three screens, one number");
  assert.notEqual(ofThree[0], ofTwo);

  await lin.click("Leave call");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  assert.equal(await ada.number(), ofTwo, "the number of the two is that of before");
  assert.equal(await grace.number(), ofTwo);
  await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);

  // The line on which Lin was seen now shows somebody else, under her own name.
  const mae = await Person.open(browser, link);
  await mae.joinCall("Mae");
  const again = [ada, grace, mae];
  await Promise.all(again.map(person => person.sees(3)));
  await Promise.all(again.map(person => person.hearsAndSees(2)));
  assert.deepEqual((await ada.names()).toSorted(), ["Ada", "Grace", "Mae"]);

  for (const person of [ada, grace]) {
    const { worker } = await person.stats();
    assert.deepEqual(worker.core.losses, [], "nobody had to arrive anew");
    assert.deepEqual(worker.core.refused, []);
    for (const line of worker.core.receivers) {
      const reasons = refusals(line).map(([reason]) => reason);
      assert.deepEqual(
        reasons.filter(reason => reason !== "no_key"),
        [],
        "nothing was forged, replayed or on a wrong line",
      );
    }
  }
  for (const person of [...three, mae]) {
    assert.deepEqual(person.errors, []);
    await person.close();
  }
});

test("camera and microphone can be switched while the call goes on, and a reload leads back into it", async () => {
  const ada = await Person.open(browser, server.url);
  await ada.startCall("Ada");
  const grace = await Person.open(browser, ada.page.url());
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);

  const pressed = name =>
    grace.page.$eval(`aria/${name}[role="button"]`, button => button.getAttribute("aria-pressed"));
  assert.equal(await pressed("Camera"), "true");
  await grace.click("Camera");
  await ada.until(
    "Grace without a picture",
    () => document.querySelectorAll("video.live").length === 1,
  );
  assert.equal(await pressed("Camera"), "false");
  await grace.click("Camera");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  assert.equal(await pressed("Microphone"), "true");
  await grace.click("Microphone");
  await grace.until("a microphone that is off", () => {
    const button = [...document.querySelectorAll("button")].find(
      b => b.ariaLabel === "Microphone" || b.textContent.includes("Microphone"),
    );
    return button?.getAttribute("aria-pressed") === "false";
  });
  await ada.hearsAndSees(1);

  // Back in the same call without a click, as the same person, and no more is on than before.
  const number = await ada.number();
  await grace.page.reload();
  await grace.inCall();
  await Promise.all([ada.sees(2), grace.sees(2)]);
  await grace.hearsAndSees(1);
  assert.equal(await ada.number(), number);
  assert.equal(await pressed("Microphone"), "false");
  // After the call a reload is nothing else than opening the link.
  await grace.click("Leave call");
  await ada.sees(1);
  await grace.page.reload();
  await grace.page.waitForSelector("aria/Your name");
  assert.deepEqual([...ada.errors, ...grace.errors], []);
  await Promise.all([ada.close(), grace.close()]);
});

test("a network that fails for a while is said, and the call goes on by itself after it", async () => {
  const ada = await Person.open(browser, server.url);
  await ada.startCall("Ada");
  const grace = await Person.open(browser, ada.page.url());
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  const both = [ada, grace];
  // A server that is stopped is as silent as a network that is cut.
  server.child.kill("SIGSTOP");
  try {
    for (const person of both) {
      await person.until("words on the connection", () =>
        document.querySelector(".status").textContent.includes("Connection lost. Reconnecting…"),
      );
    }
  } finally {
    server.child.kill("SIGCONT");
  }
  for (const person of both) {
    await person.until("no more of it", () => document.querySelector(".status").textContent === "");
    await person.sees(2);
    await person.hearsAndSees(1);
    assert.deepEqual(person.errors, []);
  }
  await Promise.all(both.map(person => person.close()));
});

test("who closes the window is gone for the others", async () => {
  const ada = await Person.open(browser, server.url);
  await ada.startCall("Ada");
  const grace = await Person.open(browser, ada.page.url());
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  await grace.close();
  // No goodbye: the resume window passes first.
  await ada.sees(1);
  await ada.close();
});

/** What is decoded has the size that is encoded; the encoder may still be changing it. */
async function sameSize(receiver, sender) {
  const end = Date.now() + DEADLINE;
  for (;;) {
    const [there, here] = await Promise.all([sender.stats(), receiver.stats()]);
    const isVideo = line => line.codec === "video/VP8" && line.width > 0;
    // One of its layers.
    const sent = there.lines.filter(line => line.direction === "out" && isVideo(line));
    const got = here.lines.find(line => line.direction === "in" && isVideo(line));
    if (sent.some(({ width, height }) => width === got?.width && height === got.height)) return;
    if (Date.now() > end) assert.fail(`sent ${JSON.stringify(sent)}, got ${JSON.stringify(got)}`);
    await new Promise(resolve => setTimeout(resolve, 250));
  }
}
