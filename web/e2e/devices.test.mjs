// Devices that come and go during a call, and rooms so full that a newcomer's microphone starts muted.
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

/**
 * Runs in the page before its scripts. `pullOut("video")` ends the track in use as the browser does when its device is
 * gone, and lists that device no more; `plugIn` adds one to the list. Browsers have no way to do either to real ones.
 */
function holdDevices() {
  const { mediaDevices } = navigator;
  const tracks = [];
  const gone = new Set();
  const added = [];
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async wish => {
    const stream = await open(wish);
    tracks.push(...stream.getTracks());
    return stream;
  };
  const list = mediaDevices.enumerateDevices.bind(mediaDevices);
  mediaDevices.enumerateDevices = async () => [
    ...(await list()).filter(({ deviceId }) => !gone.has(deviceId)),
    ...added,
  ];
  const tell = () => mediaDevices.dispatchEvent(new Event("devicechange"));
  window.pullOut = kind => {
    const track = tracks.findLast(each => each.kind === kind && each.readyState === "live");
    gone.add(track.getSettings().deviceId);
    track.stop();
    track.dispatchEvent(new Event("ended"));
    tell();
  };
  window.plugIn = (kind, label) => {
    added.push({ kind, label, deviceId: label, groupId: "" });
    tell();
  };
}

const says = (person, words) =>
  person.until(`“${words}”`, wanted => document.body.innerText.includes(wanted), words);

test("a camera that is pulled out is replaced by another, the last one is missed, and a new one is named", async () => {
  const ada = await Person.open(browser, server.url, `(${holdDevices})();`);
  await ada.startCall("Ada");
  const grace = await Person.open(browser, ada.page.url());
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  const cameras = await ada.page.evaluate(async () => {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all.filter(({ kind }) => kind === "videoinput").length;
  });

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

  await ada.page.evaluate(() => window.plugIn("audioinput", "Desk microphone"));
  await says(ada, "Desk microphone was plugged in.");
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
