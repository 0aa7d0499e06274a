// Two people do together what a call is for besides talking: chat, reactions, raised hands, screens, invitations.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import decodeQR from "qr/decode.js";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

/** Wide enough that no button moves into the menu while a panel is open. */
const WINDOW = { width: 1280, height: 720 };

let server, browser, ada, grace;
before(async () => {
  server = await Server.start();
  browser = await chromium({ screen: true, voice: true });
  ada = await Person.open(browser, server.url, undefined, WINDOW);
  await ada.startCall("Ada");
  grace = await Person.open(browser, ada.page.url(), undefined, WINDOW);
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  for (const { context } of [ada, grace]) {
    await context.overridePermissions(server.url, ["clipboard-read", "clipboard-sanitized-write"]);
  }
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** What this person has copied. */
const clipboard = person => person.page.evaluate(() => navigator.clipboard.readText());

/** What a phone reads off the QR code in sight. */
async function scanned(person) {
  const code = await person.page.waitForSelector("svg.qr");
  const picture = await code.screenshot({ encoding: "base64" });
  const reader = await browser.newPage();
  const { width, height, data } = await reader.evaluate(async base64 => {
    const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes]));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { width, height, data } = context.getImageData(0, 0, image.width, image.height);
    return { width, height, data: [...data] };
  }, picture);
  await reader.close();
  return decodeQR({ width, height, data: Uint8ClampedArray.from(data) });
}

const text = (person, selector) =>
  person.page.$$eval(selector, elements => elements.map(element => element.innerText.trim()));

test("what one writes the other reads, with an unread mark until then, and links are links", async () => {
  await ada.click("Chat");
  await ada.page.keyboard.type("Hello Grace, see https://example.org/a?b=1.");
  await ada.page.keyboard.press("Enter");
  await grace.until("the unread mark", () => document.querySelector(".unread")?.innerText === "1");
  const announced = await text(grace, "[data-testid=announced]");
  assert.match(announced[0], /^Ada wrote: Hello Grace/);
  await grace.click("Chat");
  await grace.until("the message", () => document.querySelector(".message-text") !== null);
  assert.deepEqual(await text(grace, ".message-text"), [
    "Hello Grace, see https://example.org/a?b=1.",
  ]);
  const link = await grace.page.$eval(".message-text a", a => [a.href, a.rel, a.target]);
  assert.deepEqual(link, ["https://example.org/a?b=1", "noopener noreferrer nofollow", "_blank"]);
  assert.equal(await grace.page.$(".unread"), null, "it is read");

  await grace.click("Copy message of Ada");
  await grace.until("words on that", () =>
    document.querySelector(".toast")?.innerText.includes("Message copied."),
  );
  assert.equal(await clipboard(grace), "Hello Grace, see https://example.org/a?b=1.");

  await (await grace.page.waitForSelector("aria/Message to everyone[role='textbox']")).click();
  await grace.page.keyboard.type("<b>Hi</b> & welcome");
  await grace.page.keyboard.press("Enter");
  await ada.until("the answer", () => document.querySelectorAll(".message-text").length === 2);
  assert.equal((await text(ada, ".message-text"))[1], "<b>Hi</b> & welcome", "words stay words");
  assert.deepEqual(await text(ada, ".message-name"), ["You", "Grace"]);
  await ada.page.keyboard.type("not sent yet");
  await ada.page.keyboard.press("Escape");
  await grace.page.keyboard.press("Escape");
  assert.equal(await ada.page.$("aside"), null);
  await ada.click("Chat");
  const draft = await ada.page.waitForSelector("aria/Message to everyone");
  assert.equal(await draft.evaluate(field => field.value), "not sent yet");
  await ada.page.keyboard.press("Escape");
});

test("a reaction floats over its author's picture on both screens, and is gone after a while", async () => {
  await ada.click("React");
  await ada.click("Applause");
  for (const person of [ada, grace]) {
    await person.until("the reaction", () => {
      const tile = [...document.querySelectorAll("li.tile")].find(
        each => each.querySelector(".name-text").innerText === "Ada",
      );
      return tile.querySelector(".reaction")?.innerText === "👏";
    });
  }
  await grace.until("its end", () => document.querySelector(".reaction") === null);
});

test("a reaction is chosen with the keyboard while the call goes on", async () => {
  await ada.page.focus('aria/React[role="button"]');
  await ada.page.keyboard.press("Enter");
  await ada.page.waitForSelector("aria/Thumbs up");
  const at = () => ada.page.evaluate(() => document.activeElement.ariaLabel);
  assert.equal(await at(), "Thumbs up");
  await ada.page.keyboard.press("Tab");
  await ada.page.keyboard.press("Tab");
  // The call is measured, and drawn again, twice a second.
  await new Promise(resolve => setTimeout(resolve, 1_500));
  assert.equal(await at(), "Laughing");
  await ada.page.keyboard.press("Enter");
  await grace.until("the reaction", () => document.querySelector(".reaction")?.innerText === "😂");
  await grace.until(
    "it to be announced",
    () => document.querySelector("[data-testid=announced]").textContent === "Ada: Laughing",
  );
  await grace.until("its end", () => document.querySelector(".reaction") === null);
});

test("raised hands stand in line in the order in which they went up", async () => {
  await grace.click("Raise hand");
  await ada.until("Grace's hand", () => document.querySelectorAll(".hand").length === 1);
  await ada.until(
    "it to be announced",
    () => document.querySelector("[data-testid=announced]").textContent === "Grace raised a hand.",
  );
  await ada.click("Raise hand");
  await grace.until("both hands", () => document.querySelectorAll(".hand").length === 2);
  await grace.click("People");
  const line = () => text(grace, "ol.persons .person-name");
  assert.deepEqual(await line(), ["Grace (You)", "Ada"]);
  await grace.click("Lower hand");
  await grace.until("Ada alone", () => document.querySelectorAll("ol.persons li").length === 1);
  assert.deepEqual(await line(), ["Ada"]);
  await ada.click("Lower hand");
  await grace.click("Close");
});

test("two screens at once are shown large to both, beside the people", async () => {
  await ada.click("Share screen");
  await grace.until("Ada's screen", () => {
    const video = document.querySelector("li.share video");
    return video !== null && video.videoWidth > 0;
  });
  await grace.click("Share screen");
  for (const person of [ada, grace]) {
    await person.until("both screens", () => {
      const screens = [...document.querySelectorAll("li.share video")];
      return screens.length === 2 && screens.every(video => video.videoWidth > 0);
    });
    await person.until("two people beside them", () => {
      const tiles = [...document.querySelectorAll(".strip li.tile")];
      const largest = document.querySelector("li.share").getBoundingClientRect().width;
      return (
        tiles.length === 2 && tiles.every(tile => tile.getBoundingClientRect().width < largest)
      );
    });
  }
  await ada.page.hover('.strip li.tile[data-own="false"]');
  await ada.click("Show Grace large");
  const large = () => text(ada, ".spotlight > .grid .name-text");
  assert.deepEqual(
    (await large()).toSorted(),
    ["Grace", "Screen of Grace", "You are sharing this"],
    "beside the screens",
  );
  await ada.click("Show Grace no longer large");
  await ada.click("Stop sharing");
  await grace.click("Stop sharing");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);
});

test("one person can be shown large, and in speaker view it is the other one", async () => {
  await ada.page.hover('li.tile[data-own="false"]');
  await ada.click("Show Grace large");
  const large = () => text(ada, ".spotlight > .grid .name-text");
  assert.deepEqual(await large(), ["Grace"]);
  await ada.click("Show Grace no longer large");
  assert.deepEqual(await large(), []);
  await ada.page.keyboard.press("l");
  await ada.until("speaker view", () => document.querySelector(".spotlight") !== null);
  assert.deepEqual(await large(), ["Grace"]);
  await ada.page.keyboard.press("l");
  await ada.sees(2);
});

test("the call fills the screen and leaves it with a key, and the self view can be hidden", async () => {
  const full = () => document.fullscreenElement?.classList.contains("call") === true;
  await ada.page.keyboard.press("f");
  await ada.until("the whole screen", full);
  await ada.page.keyboard.press("f");
  await ada.until("the window again", () => document.fullscreenElement === null);

  const hideSelf = () => ada.tick("Hide my own picture");
  await hideSelf();
  await ada.until("Grace alone", () => document.querySelectorAll("li.tile").length === 1);
  assert.deepEqual(await ada.names(), ["Grace"]);
  await grace.sees(2);
  await hideSelf();
  await ada.sees(2);
});

test("the other one's picture goes into a window of its own and back, a shared screen before anybody", async () => {
  const put = async () => {
    await ada.click("More");
    await ada.click("Picture in picture");
  };
  const isOutside = words =>
    ada.until(
      `${words} in a window of its own`,
      wanted => {
        const video = document.pictureInPictureElement;
        // While tiles are drawn anew, a video may stand in none for a moment.
        const label = video?.closest("li.tile")?.ariaLabel;
        return wanted === null
          ? video === null
          : label?.startsWith(wanted) && video.isConnected && video.videoWidth > 0 && !video.paused;
      },
      words,
    );
  await put();
  await isOutside("Grace");
  await put();
  await isOutside(null);
  await ada.sees(2);

  await grace.click("Share screen");
  await ada.until("the screen", () => document.querySelector("li.share video")?.videoWidth > 0);
  await put();
  await isOutside("Screen of Grace");
  await grace.click("Stop sharing");
  await isOutside("Grace");
  await put();
  await isOutside(null);
  // The own screen in such a window would show itself.
  await ada.click("Share screen");
  await ada.until("the own screen", () => document.querySelector("li.share video")?.videoWidth > 0);
  await put();
  await isOutside("Grace");
  await ada.click("Stop sharing");
  await isOutside("Grace");
  // Another tile of the same person takes the first one's place.
  await ada.page.keyboard.press("l");
  await ada.until("speaker view", () => document.querySelector(".spotlight") !== null);
  await isOutside("Grace");
  await ada.page.keyboard.press("l");
  await isOutside("Grace");
  await grace.click("Camera");
  await isOutside(null);
  await put();
  await ada.until("words", () =>
    document.body.innerText.includes("There is no picture of anybody else to show."),
  );
  await grace.click("Camera");
  await ada.sees(2);
});

test("where a browser has no such window, none is offered", async () => {
  const isOffered = offered =>
    ada.until(
      `the window ${offered ? "" : "not "}to be offered`,
      wanted => {
        const names = [...document.querySelectorAll(".menu button")].map(item => item.innerText);
        return names.length > 0 && names.includes("Picture in picture") === wanted;
      },
      offered,
    );
  await ada.click("More");
  await isOffered(true);
  await ada.page.evaluate(() => {
    Object.defineProperty(document, "pictureInPictureEnabled", { get() {}, configurable: true });
  });
  await isOffered(false);
  await ada.page.evaluate(() => delete document.pictureInPictureEnabled);
  await isOffered(true);
  await ada.page.keyboard.press("Escape");
});

test("the invitation is the whole link, to copy and to scan", async () => {
  await ada.click("Invite");
  await ada.page.waitForSelector("dialog.invite[open]");
  assert.deepEqual(await text(ada, "[data-testid=invite-link]"), [ada.page.url()]);
  await ada.page.waitForSelector("aria/QR code of the link");
  assert.equal(await scanned(ada), ada.page.url());
  await ada.click("Copy link");
  await ada.until("words on that", () =>
    document.querySelector(".toast")?.innerText.includes("Link copied."),
  );
  assert.equal(await clipboard(ada), ada.page.url());
  await ada.page.keyboard.press("Escape");
  await ada.until("no dialog", () => document.querySelector("dialog") === null);
});

test("muted people show that they are, and the space bar lets them talk while it is held", async () => {
  // With the mouse, which leaves the focus on the button that the space bar would press.
  await grace.click("Microphone");
  const muted = () =>
    ada.page.$eval('li.tile[data-own="false"]', tile => tile.ariaLabel.includes("muted"));
  await ada.until("Grace muted", () =>
    document.querySelector('li.tile[data-own="false"]').ariaLabel.includes("muted"),
  );
  assert.equal(await grace.page.evaluate(() => document.activeElement.innerText), "Microphone");
  await grace.page.keyboard.down(" ");
  await ada.until(
    "Grace talking",
    () => !document.querySelector('li.tile[data-own="false"]').ariaLabel.includes("muted"),
  );
  await grace.page.keyboard.up(" ");
  await ada.until("Grace muted again", () =>
    document.querySelector('li.tile[data-own="false"]').ariaLabel.includes("muted"),
  );
  assert.equal(await muted(), true);
  await grace.until("the hint that she talks while muted", () =>
    document.body.innerText.includes("You are muted."),
  );
  const wish = await grace.page.evaluate(() => localStorage.getItem("tangelo.microphone_off"));
  assert.equal(wish, "off", "the next call starts muted");
  await grace.page.keyboard.press("m");
});

test("with sound only, no camera comes or goes, and everything is back after it", async () => {
  await ada.tick("Sound only");
  for (const person of [ada, grace]) {
    await person.until(
      "no picture of Ada, and for Ada none at all",
      own => {
        const live = [...document.querySelectorAll("li.tile")].filter(tile =>
          tile.querySelector("video.live"),
        );
        return live.length === (own ? 0 : 1);
      },
      person === ada,
    );
  }
  // Whoever turns the camera on wants to see as well.
  await ada.click("Camera");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);
});

test("a host locks the call, lets in, mutes, removes, and ends it; the address is everyone's link", async () => {
  const link = ada.page.url();
  assert.doesNotMatch(new URL(link).hash, /\./, "who made the call shares the link for everyone");
  await ada.click("Invite");
  await (await ada.page.waitForSelector(".host-link summary")).click();
  await ada.click("Copy host link");
  await ada.until("words on that", () =>
    document.querySelector(".toast")?.innerText.includes("Host link copied."),
  );
  const copied = await clipboard(ada);
  assert.equal(copied.startsWith(`${link}.`) && copied.length === link.length + 41, true);
  await ada.page.keyboard.press("Escape");

  await ada.click("People");
  await (await ada.page.waitForSelector(".host-controls input")).click();
  for (const person of [ada, grace]) {
    await person.until("the lock", () => document.querySelector("[data-testid=locked]") !== null);
  }
  assert.equal(await grace.page.$(".host-controls"), null);
  const lin = await Person.open(browser, link, undefined, WINDOW);
  await (await lin.page.waitForSelector("aria/Your name")).type("Lin");
  await lin.click("Join call");
  await lin.until("to be told why she waits", () =>
    document.body.innerText.includes("A host has locked this call."),
  );
  await ada.click("Let in: Lin");
  await Promise.all([ada, grace, lin].map(person => person.sees(3)));
  await ada.click("Mute: Lin");
  await lin.until("to be told that she is muted", () =>
    document.querySelector(".toast")?.innerText.includes("Ada, a host, muted you."),
  );
  await ada.click("Remove: Lin");
  await ada.click("Remove");
  await lin.until("to be told that she is out", () =>
    document.body.innerText.includes("The host removed you from the call."),
  );
  await Promise.all([ada.sees(2), grace.sees(2)]);

  // Grace becomes a host with the other link, which leaves the address bar at once.
  await grace.page.goto("about:blank");
  await grace.page.goto(copied);
  await grace.until("the shorter address", whole => location.href === whole, link);
  await grace.joinCall("Grace");
  await grace.click("People");
  await grace.page.waitForSelector(".host-controls");
  await grace.click("More");
  await grace.click("End call for everyone");
  await grace.click("End call");
  await ada.until("the end", () =>
    document.body.innerText.includes("The host has ended the call for everyone."),
  );
  await grace.until("the end", () =>
    document.body.innerText.includes("You ended the call for everyone."),
  );
  assert.deepEqual(lin.errors, []);
});

test("no error came up meanwhile", () => {
  assert.deepEqual([...ada.errors, ...grace.errors], []);
});
