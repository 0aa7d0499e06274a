// What lock and tiles say of how people come through: frames that cannot be opened, and connections that are not good.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

let server, browser, ada, grace;
before(async () => {
  server = await Server.start();
  browser = await chromium();
  ada = await Person.open(browser, server.url);
  await ada.click("New call");
  await ada.page.waitForSelector("aria/Your name");
  await (await ada.worker()).evaluate(holdFrames);
  await ada.joinCall("Ada");
  grace = await Person.open(browser, ada.page.url());
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  await grace.hearsAndSees(1);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/**
 * Runs in a worker before its page makes transforms. `self.fate` says what becomes of the frames that it has sealed, on
 * their way out: "damaged" or "lost", or nothing.
 */
function holdFrames() {
  const take = self.onrtctransform;
  self.onrtctransform = event => {
    const { transformer } = event;
    const { options, readable, writable } = transformer;
    if (options.use.kind !== "send") return take(event);
    const way = new TransformStream({
      transform(frame, out) {
        if (self.fate === "lost") return;
        if (self.fate === "damaged") {
          const bytes = new Uint8Array(frame.data.slice(0));
          bytes[bytes.length - 1] ^= 1;
          frame.data = bytes.buffer;
        }
        out.enqueue(frame);
      },
    });
    void way.readable.pipeTo(writable);
    const generateKeyFrame = () => transformer.generateKeyFrame();
    take({ transformer: { options, readable, writable: way.writable, generateKeyFrame } });
  };
}

const fate = async wanted =>
  (await ada.worker()).evaluate(wanted => (self.fate = wanted), wanted ?? "");

/** What the tile of the other person says of the connection; nothing if all is well. */
const tileSays = (person, own, words) =>
  person.until(
    `the tile to say "${words}"`,
    (own, wanted) =>
      (document.querySelector(`li.tile[data-own="${own}"] .quality`)?.ariaLabel ?? "") === wanted,
    String(own),
    words,
  );

const PROTECTED = "Encrypted: only people with this link can be here.";

test("whose frames are damaged on the way is named by lock and tile, with the reason, until it is over", async () => {
  const why = "Cannot be decrypted: it was damaged or forged on the way.";
  await grace.locks(PROTECTED);
  await tileSays(grace, false, "");
  await fate("damaged");
  await grace.locks(`Ada cannot be understood here. ${why}`);
  await tileSays(grace, false, why);
  await grace.until(
    "it to be announced",
    wanted => document.querySelector("[data-testid=announced]").textContent.includes(wanted),
    why,
  );
  await ada.locks(PROTECTED);
  await fate(undefined);
  await grace.locks(PROTECTED);
  await tileSays(grace, false, "");
  await grace.hearsAndSees(1);
});

test("a connection that is not good is marked on both sides, with the reason on hover and on focus", async () => {
  const reason = "Nothing arrives from them at the moment.";
  await fate("lost");
  await tileSays(grace, false, reason);
  await tileSays(ada, true, "Nothing of what you send gets out at the moment.");
  const isRead = wanted =>
    grace.until(
      `the reason ${wanted ? "" : "not "}to be seen`,
      wanted => {
        const tip = document.querySelector('li.tile[data-own="false"] .tip');
        return tip?.checkVisibility({ visibilityProperty: true, opacityProperty: true }) === wanted;
      },
      wanted,
    );
  const mark = 'li.tile[data-own="false"] .quality';
  await isRead(false);
  await grace.page.hover(mark);
  await isRead(true);
  assert.equal(await grace.page.$eval(`${mark} .tip`, tip => tip.innerText), reason);
  await grace.page.hover(".lock");
  await isRead(false);
  await grace.page.focus(".lock");
  for (let presses = 0; presses < 20; presses++) {
    if (await grace.page.$eval(mark, element => element === document.activeElement)) break;
    await grace.page.keyboard.press("Tab");
  }
  await isRead(true);
  await fate(undefined);
  await tileSays(grace, false, "");
  await tileSays(ada, true, "");
  assert.deepEqual([...ada.errors, ...grace.errors], []);
});
