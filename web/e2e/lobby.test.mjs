// Before the call: who cannot join is told why, and sends nothing.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { binary, Server } from "./lib/server.mjs";

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
  const refusal = () => /whole link/i.test(document.body.innerText);
  const bare = await Person.open(browser, room);
  await bare.until("a refusal", refusal);
  assert.equal(await bare.page.$("aria/Your name"), null, "there is no lobby");
  await bare.close();
  // Whether a secret is the right one is checked when joining: nothing leaves the page.
  for (const wrong of [secret.slice(0, 40), "a".repeat(64)]) {
    const eve = await Person.open(browser, `${room}#${wrong}`);
    const field = await eve.page.waitForSelector("aria/Your name");
    await field.type("Eve");
    await eve.click("Join call");
    await eve.until("a refusal", refusal);
    assert.equal(await eve.page.$("li.tile"), null);
    await eve.close();
  }
  await ada.sees(1);
  await ada.close();
});

test("who has a token begins a call, and hands on a link without it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tangelo-token-"));
  const key = join(folder, "key");
  const tangelo = (...args) =>
    execFileSync(binary, ["token", ...args], { encoding: "utf8" }).trim();
  tangelo("new-key", key);
  const own = await Server.start("--rooms", "creators", "--token-key-file", key);
  try {
    const eve = await Person.open(browser, own.url);
    await eve.until("words about who begins a call", () =>
      document.body.innerText.includes("only some people can begin a call"),
    );
    assert.equal(await eve.page.$(button("New call")), null);
    const given = tangelo(
      "issue",
      own.url,
      "--key",
      key,
      "--right",
      "create",
      "--name",
      "Ada Lovelace",
    );
    const ada = await Person.open(browser, given);
    await ada.click("New call");
    await ada.until(
      "the name of the token",
      () => document.querySelector("form input")?.value === "Ada Lovelace",
    );
    await ada.click("Join call");
    await ada.sees(1);
    const link = await ada.page.evaluate(() => location.href);
    assert.ok(given.startsWith(`${own.url}/#token=`) && !link.includes("token"), link);
    const before = await Person.open(browser, `${own.url}/r/another`);
    const field = await before.page.waitForSelector("aria/Your name");
    await field.type("Grace");
    await before.click("Join call");
    await before.until("why not", () =>
      document.body.innerText.includes("Nobody is in this call, and your link"),
    );
    const grace = await Person.open(browser, link);
    await grace.joinCall("Grace");
    await ada.sees(2);
    // The tab knows the token, and the address does not have it.
    await grace.click("Leave call");
    await ada.sees(1);
    await ada.page.reload();
    await ada.inCall();
    await ada.sees(1);
    for (const person of [eve, ada, before, grace]) await person.close();
  } finally {
    // Nobody is to be waited for.
    await own.kill();
    await rm(folder, { recursive: true });
  }
});

test("one may join without camera and microphone", async () => {
  const bare = await chromium({ devices: false });
  try {
    const ada = await Person.open(bare, `${server.url}/r/bare`);
    await ada.until("words about both devices", () =>
      ["microphone", "camera"].every(device =>
        document.body.innerText.includes(`No ${device} was found`),
      ),
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

/** Devices answer only once `answerDevices` is called, with what they would have answered. */
function delayDevices() {
  const answered = new Promise(resolve => (window.answerDevices = resolve));
  const { mediaDevices } = navigator;
  window.devicesAsked = 0;
  for (const name of ["getUserMedia", "enumerateDevices"]) {
    const original = mediaDevices[name].bind(mediaDevices);
    mediaDevices[name] = async (...args) => {
      window.devicesAsked++;
      await answered;
      return original(...args);
    };
  }
}

for (const devices of [true, false]) {
  test(`the lobby stays still when devices answer late: ${devices ? "they are there" : "there are none"}`, async () => {
    const own = await chromium({ devices });
    try {
      for (const [width, height] of [
        [1280, 800],
        [960, 640],
        [360, 740],
      ]) {
        const person = await Person.open(own, `${server.url}/r/standup`, `(${delayDevices})();`, {
          width,
          height,
        });
        const places = async () => {
          const names = ["aria/Your name", ...["Join call", "Microphone", "Camera"].map(button)];
          const found = names.map(name => person.page.waitForSelector(name));
          const boxes = (await Promise.all(found)).map(element => element.boundingBox());
          return JSON.stringify(await Promise.all(boxes));
        };
        await person.until("the page to ask for devices", () => window.devicesAsked > 0);
        const before = await places();
        await person.page.evaluate(() => window.answerDevices());
        await person.until(
          "what the devices answered",
          there =>
            there
              ? document.querySelector("video").videoWidth > 0 &&
                [...document.querySelectorAll("select")].every(select => !select.disabled)
              : document.body.innerText.includes("You can join without"),
          devices,
        );
        assert.equal(await places(), before, `at ${width}x${height}`);
        await person.close();
      }
    } finally {
      await own.close();
    }
  });
}

const button = name => `aria/${name}[role="button"]`;

test("devices that another program holds are said to be busy, to the person in words, to the console as structure", async () => {
  const hold = `navigator.mediaDevices.getUserMedia = () => {
    const error = new DOMException("Could not start video source", "NotReadableError");
    return window.free ? navigator.mediaDevices.open() : Promise.reject(error);
  };`;
  const keep =
    "navigator.mediaDevices.open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices, { video: true });";
  const ada = await Person.open(browser, `${server.url}/r/busy`, keep + hold);
  for (const device of ["microphone", "camera"]) {
    await ada.until(
      `words about the ${device}`,
      wanted => document.querySelector(".choices").innerText.includes(wanted),
      `Your ${device} does not respond. Another program may be using it`,
    );
  }
  const [both, ...single] = await ada.reported("device-failed");
  const why = {
    problem: "busy",
    error: "NotReadableError",
    message: "Could not start video source",
  };
  assert.deepEqual(both, { what: "device-failed", kinds: "microphone camera", ...why });
  assert.deepEqual(
    single.map(({ kinds }) => kinds),
    ["microphone", "camera"],
  );
  // As they say: that program is closed, and the camera turned on.
  await ada.page.evaluate(() => (window.free = true));
  await ada.click("Camera");
  await ada.until("the own picture", () => document.querySelector("video").videoWidth > 0);
  assert.deepEqual(ada.errors, []);
  await ada.close();
});

test("a device without a network is told so, and counts again once it has one", async () => {
  const ada = await Person.open(browser, `${server.url}/r/far-away`);
  const says = words =>
    ada.until(
      words,
      wanted => document.querySelector("[data-testid=present]").innerText === wanted,
      words,
    );
  await says("Nobody is here yet.");
  await ada.page.setOfflineMode(true);
  await says("This device is offline. Connect it to a network to join.");
  const [{ online, error }] = await ada.reported("people-not-counted");
  assert.deepEqual([online, error], [false, "TypeError"]);
  await ada.page.setOfflineMode(false);
  await says("Nobody is here yet.");
  assert.deepEqual((await ada.reported("people-not-counted")).length, 1, "told once");
  await ada.close();
});

test("a refused permission is explained, and one may join all the same", async () => {
  const strict = await chromium({ allowed: false });
  try {
    const ada = await Person.open(strict, `${server.url}/r/strict`);
    await ada.until("words about the permission", () =>
      document.body.innerText.includes("Tangelo may not use your camera"),
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

test("who stands before a room learns how many are in it, and finds it again later", async () => {
  const ada = await Person.open(browser, `${server.url}/r/team-room`);
  const before = person =>
    person.page.$eval("[data-testid=present]", element => element.innerText.trim());
  await ada.until("the count", () => /Nobody/.test(document.body.innerText));
  assert.equal(await before(ada), "Nobody is here yet.");
  // The fake microphone beeps once a second.
  for (const loud of [true, false]) {
    await ada.until(
      "the meter to move",
      wanted => document.querySelector("meter")?.value > 0 === wanted,
      loud,
    );
  }
  await ada.joinCall("Ada");
  const grace = await Person.open(browser, `${server.url}/r/team-room`);
  await grace.until("the count", () => /1 person is here/.test(document.body.innerText));
  assert.equal(await before(grace), "1 person is here.");
  await ada.click("Leave call");
  await ada.click("Home");
  await ada.page.waitForSelector(".recent");
  const rooms = await ada.page.$$eval(".recent-name", names => names.map(name => name.innerText));
  assert.deepEqual(rooms, ["team-room"]);
  await ada.page.click(".recent a");
  await ada.until("the lobby", () => document.body.innerText.includes("Join “team-room”"));
  await ada.page.goto(server.url);
  await ada.page.click(".recent button");
  await ada.until("no recent rooms", () => document.querySelector(".recent") === null);
  assert.deepEqual([...ada.errors, ...grace.errors], []);
  await Promise.all([ada.close(), grace.close()]);
});

test("a name that is typed and a link that is pasted lead to their rooms, and what is neither is said to be so", async () => {
  const ada = await Person.open(browser, server.url);
  const enter = async words => {
    const field = await ada.page.waitForSelector("aria/Link or room name");
    await field.click({ count: 3 });
    await field.type(words);
    await ada.page.keyboard.press("Enter");
  };
  const isIn = title =>
    ada.until(title, wanted => document.querySelector("h1")?.innerText === wanted, title);
  await enter("https://elsewhere.example/r/team");
  await ada.until("the other server", () =>
    document.querySelector(".join").innerText.includes("This link belongs to elsewhere.example."),
  );
  await enter("Fruit growers");
  await isIn("Join “fruit-growers”");
  assert.equal(ada.page.url(), `${server.url}/r/fruit-growers`);
  await ada.page.goBack();
  const link = `${server.url}/r/_${"a".repeat(32)}#${"b".repeat(43)}`;
  await enter(link);
  await isIn("Ready to join?");
  assert.equal(ada.page.url(), link);
  assert.deepEqual(ada.errors, []);
  await ada.close();
});

test("the page speaks German to who wants that", async () => {
  const ada = await Person.open(browser, `${server.url}/`);
  await ada.page.waitForSelector("select");
  await ada.page.select("select", "de");
  await ada.until("German", () => document.body.innerText.includes("Sprich frei."));
  assert.equal(await ada.page.evaluate(() => document.documentElement.lang), "de");
  await ada.page.goto(`${server.url}/r/team-room`);
  await ada.until("a German lobby", () => document.body.innerText.includes("Dein Name"));
  assert.deepEqual(ada.errors, []);
  await ada.close();
});

test("the page can be installed as an app", async () => {
  const person = await Person.open(browser, server.url);
  const devtools = await person.page.createCDPSession();
  const { data, errors } = await devtools.send("Page.getAppManifest");
  assert.deepEqual(errors, []);
  const manifest = JSON.parse(data);
  assert.deepEqual([manifest.name, manifest.display], ["Tangelo", "standalone"]);
  // A browser window without a profile of its own installs nothing; all else must be as it should.
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  const reasons = installabilityErrors.map(({ errorId }) => errorId);
  assert.deepEqual(
    reasons.filter(reason => reason !== "in-incognito"),
    [],
  );
  const sizes = await person.page.evaluate(
    async urls => {
      const icons = urls.map(async url => {
        const image = new Image();
        image.src = url;
        await image.decode();
        return `${image.naturalWidth}x${image.naturalHeight}`;
      });
      return Promise.all(icons);
    },
    manifest.icons.filter(({ type }) => type === "image/png").map(({ src }) => src),
  );
  assert.deepEqual(sizes, ["192x192", "512x512", "512x512"]);
  await person.close();
});

test("where the call's part of the page does not load, the way out is a button", async () => {
  const person = await Person.open(browser, server.url);
  await person.page.setRequestInterception(true);
  const refuse = request =>
    request.url().includes("/assets/in-call-") ? request.abort() : request.continue();
  person.page.on("request", refuse);
  await person.page.goto(`${server.url}/r/patience`);
  const field = await person.page.waitForSelector("aria/Your name");
  await field.type("Ada");
  await person.click("Join call");
  await person.until("the words", () =>
    document.body.innerText.includes("A part of this page could not be loaded"),
  );
  await person.page.setRequestInterception(false);
  // What is not intercepted cannot be let through either.
  person.page.off("request", refuse);
  await person.click("Reload the page");
  await person.page.waitForSelector("aria/Your name");
  await person.joinCall("Ada");
  await person.close();
});
