// Devices that come and go during a call, and rooms so full that a newcomer's microphone starts muted.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { heldDevices } from "./lib/held-devices.mjs";
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

const says = (person, words) =>
  person.until(`“${words}”`, wanted => document.body.innerText.includes(wanted), words);

test("the camera that is chosen during the call is the one that is seen, and is kept for the next", async () => {
  const several = await chromium({ args: ["--use-fake-device-for-media-stream=device-count=3"] });
  const ada = await Person.open(several, server.url);
  await ada.startCall("Ada");
  const grace = await Person.open(browser, ada.page.url());
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  const used = () =>
    ada.page.$eval(
      "li.tile[data-own=true] video",
      video => video.srcObject.getVideoTracks()[0].getSettings().deviceId,
    );
  const before = await used();
  let other;
  await ada.inSettings(async () => {
    const field = await ada.page.waitForSelector("aria/Camera[role='combobox']");
    const ids = await field.$$eval("option", options => options.map(({ value }) => value));
    // The second of Chromium's made-up cameras measures depth.
    other = ids.at(-1);
    assert.notEqual(other, before);
    await field.select(other);
  });
  await ada.until(
    "the other camera",
    wanted => {
      const stream = document.querySelector("li.tile[data-own=true] video").srcObject;
      return stream?.getVideoTracks()[0]?.getSettings().deviceId === wanted;
    },
    other,
  );
  await grace.hearsAndSees(1);
  assert.equal(await ada.page.evaluate(() => localStorage.getItem("tangelo.camera")), other);
  assert.deepEqual([...ada.errors, ...grace.errors], []);
  await Promise.all([several.close(), grace.close()]);
});

test("a camera that is pulled out is replaced by another, the last one is missed, and a new one is named", async () => {
  const ada = await Person.open(browser, server.url, heldDevices);
  await ada.startCall("Ada");
  const grace = await Person.open(browser, ada.page.url());
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  const cameras = await ada.page.evaluate(async () => {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all.filter(({ kind }) => kind === "videoinput").length;
  });

  await ada.page.evaluate(() => window.pullOut("audio"));
  await says(ada, "Your microphone was pulled out. Another one is used now.");
  await grace.hearsAndSees(1);

  for (let left = cameras - 1; left > 0; left--) {
    await ada.page.evaluate(() => window.pullOut("video"));
    await says(ada, "Your camera was pulled out. Another one is used now.");
    await grace.sees(2);
    await grace.hearsAndSees(1);
  }
  await ada.page.evaluate(() => window.pullOut("video"));
  await says(ada, "Your camera was unplugged or taken away.");
  await grace.until(
    "no picture of Ada",
    () => document.querySelectorAll("video.live").length === 1,
  );
  const { lines } = await grace.stats();
  assert.ok(lines.length > 0, "the call goes on");

  await ada.page.evaluate(() => window.plugIn("videoinput", "Desk camera"));
  await says(ada, "Desk camera was plugged in. Turn your camera on to use it.");
  await ada.page.evaluate(() => window.plugIn("audioinput", "Desk microphone"));
  await says(ada, "Desk microphone was plugged in. To use it as microphone, choose it");
  assert.deepEqual([...ada.errors, ...grace.errors], []);
  await Promise.all([ada.close(), grace.close()]);
});

test("who comes into a large room starts muted, is told so, and can talk at once", async () => {
  // So many that a newcomer had better listen first; they have no devices, which spares the machine.
  const MANY = 8;
  const bare = await chromium({ devices: false });
  try {
    const others = [];
    for (let number = 1; number <= MANY; number++) {
      const person = await Person.open(bare, `${server.url}/r/assembly`);
      await person.joinCall(`Person ${number}`);
      others.push(person);
    }
    const [first] = others;
    await first.until(
      "all of them",
      count => document.querySelectorAll("li.tile").length === count,
      MANY,
    );
    const ada = await Person.open(browser, `${server.url}/r/assembly`);
    await ada.joinCall("Ada");
    await says(ada, "your microphone starts muted");
    const isMuted = muted =>
      first.until(
        `Ada to be ${muted ? "muted" : "heard"}`,
        wanted =>
          [...document.querySelectorAll("li.tile")].some(
            tile =>
              tile.querySelector(".name-text").innerText === "Ada" &&
              tile.ariaLabel.includes("muted") === wanted,
          ),
        muted,
      );
    await isMuted(true);
    await ada.page.keyboard.press("m");
    await isMuted(false);
    assert.deepEqual([...ada.errors, ...first.errors], []);
    await ada.close();
    for (const person of others) await person.close();
  } finally {
    await bare.close();
  }
});
