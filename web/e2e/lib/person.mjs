// A person in front of a browser: clicks what people click, looks at what they see.

import assert from "node:assert/strict";
import { axe } from "../../stories/lib/audit.mjs";
import { DEADLINE, until } from "../../stories/lib/until.mjs";

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

export class Person {
  /** Opens an address in a profile of its own. `before` runs in the page before its scripts. */
  static async open(browser, url, before, viewport = { width: 960, height: 640 }) {
    return Person.#in(await browser.createBrowserContext(), url, before, viewport);
  }

  static async #in(context, url, before, viewport) {
    const page = await context.newPage();
    page.setDefaultTimeout(DEADLINE);
    await page.setViewport(viewport);
    if (before) await page.evaluateOnNewDocument(before);
    const person = new Person(context, page);
    await page.goto(url);
    return person;
  }

  /** The same person in another tab of the same size. */
  async openTab(url) {
    return Person.#in(this.context, url, undefined, this.page.viewport());
  }

  /** Errors that the page or the browser reported: there must be none. */
  errors = [];
  #reports = [];

  constructor(context, page) {
    this.context = context;
    this.page = page;
    page.on("pageerror", error => this.errors.push(`page: ${error.message}`));
    page.on("console", message => {
      if (message.type() === "error") this.errors.push(`console: ${message.text()}`);
      if (!message.text().startsWith("tangelo ")) return;
      // Of a page that is left at once nothing more is known.
      this.#reports.push(
        message
          .args()[1]
          .jsonValue()
          .catch(() => undefined),
      );
    });
  }

  /** What the page has written to the console as structure (web/src/report.ts), waited for. */
  async reported(what) {
    const end = Date.now() + DEADLINE;
    for (;;) {
      const all = (await Promise.all(this.#reports)).filter(each => each?.what === what);
      if (all.length > 0) return all;
      if (Date.now() > end) throw new Error(`${what} was not reported`);
      await sleep(100);
    }
  }

  async click(name) {
    const button = await this.page.waitForSelector(`aria/${name}[role="button"]`);
    await button.click();
  }

  /** From the landing page into a new call. */
  async startCall(name) {
    await this.click("New call");
    await this.joinCall(name);
  }

  /** From the lobby into the call. */
  async joinCall(name) {
    const field = await this.page.waitForSelector("aria/Your name");
    await field.click({ count: 3 });
    await field.type(name);
    await this.click("Join call");
    await this.inCall();
  }

  /** Waits until the person is in the call. */
  async inCall() {
    await this.until(
      "to be in the call",
      () => document.querySelector("li.tile[data-client]:not([data-client=''])") !== null,
    );
  }

  /** Waits until a function in the page is true. */
  async until(what, probe, ...args) {
    try {
      await until(this.page, probe, ...args);
    } catch (error) {
      const seen = await this.page.evaluate(() => document.body.innerText).catch(() => "");
      const stats = await this.stats().catch(() => undefined);
      throw new Error(
        `${what}: ${error.message} (${error.cause?.message ?? "false"})\n${seen}\n${JSON.stringify(stats)}\n${this.errors.join("\n")}`,
      );
    }
  }

  /** Waits until so many people have tiles, each with a moving picture. */
  async sees(count) {
    await this.until(
      `to see ${count} people`,
      expected => {
        const tiles = document.querySelectorAll("li.tile[data-client]:not([data-client=''])");
        const live = document.querySelectorAll("li.tile video.live");
        return tiles.length === expected && live.length === expected;
      },
      count,
    );
  }

  /** Waits until the lock says this, for everyone to read and not only for screen readers. */
  locks(sentence) {
    return this.until(
      `the lock to say "${sentence}"`,
      wanted => document.querySelector(".lock")?.innerText === wanted,
      sentence,
    );
  }

  async names() {
    return this.page.$$eval("li.tile .name-text", names => names.map(name => name.textContent));
  }

  /** Opens what says how the call is protected. It loads when it is opened first. */
  async openVerify() {
    await this.click("Verify");
    await this.page.waitForSelector("dialog.verifying[open]");
  }

  /** The safety number that the person reads. */
  async number() {
    await this.openVerify();
    const digits = await this.page.waitForSelector("[data-testid=safety-number]", {
      visible: true,
    });
    const text = await digits.evaluate(element => element.textContent);
    await this.page.keyboard.press("Escape");
    return text.replace(/\D+/g, " ").trim();
  }

  /** Opens the settings, does something in them, and closes them. */
  async inSettings(act) {
    await this.click("More");
    await this.click("Settings");
    await this.page.waitForSelector("dialog.settings[open]");
    await act();
    await this.page.keyboard.press("Escape");
    await this.until("no settings", () => document.querySelector("dialog.settings") === null);
  }

  /** Clicks a box or one of several choices in the settings, by the beginning of its name. */
  async tick(name) {
    await this.inSettings(() =>
      this.page.$$eval(
        "dialog.settings .check",
        (labels, wanted) => labels.find(label => label.innerText.startsWith(wanted)).click(),
        name,
      ),
    );
  }

  /** Axe finds nothing in what is seen now, in light and dark. */
  async isAccessible(where) {
    for (const value of ["light", "dark"]) {
      await this.page.emulateMediaFeatures([
        { name: "prefers-color-scheme", value },
        { name: "prefers-reduced-motion", value: "reduce" },
      ]);
      const found = (await axe(this.page, true)).map(problem => `${where}, ${value}: ${problem}`);
      assert.deepEqual(found, []);
    }
  }

  /** What `window.tangelo.stats()` counts. */
  stats() {
    return this.page.evaluate(() => window.tangelo.stats());
  }

  /** Counters of what is received, polled until `enough` of them says so. */
  async receives(what, enough) {
    const end = Date.now() + DEADLINE;
    for (;;) {
      const stats = await this.stats();
      const lines = stats.lines.filter(
        line => line.direction === "in" && line.use?.type === "receive",
      );
      if (enough(lines, stats)) return { lines, stats };
      if (Date.now() > end) throw new Error(`${what}: ${JSON.stringify(stats)}`);
      await sleep(250);
    }
  }

  /** Waits until pictures and sound of `others` people are decoded, and go on being decoded. */
  async hearsAndSees(others, codec = "video/VP8") {
    const both = lines => {
      const video = lines.filter(line => line.codec === codec && line.frames > 0 && line.width > 0);
      const audio = lines.filter(line => line.codec === "audio/opus" && line.audioEnergy > 0);
      return video.length === others && audio.length === others;
    };
    let { lines } = await this.receives(`to hear and see ${others} people`, both);
    await this.receives(`to go on hearing and seeing ${others} people`, later => {
      const pairs = lines.map(line => [line, later.find(other => other.mid === line.mid)]);
      // A connection that was made anew begins to count anew.
      if (pairs.some(([line, now]) => now === undefined || now.packets < line.packets)) {
        if (both(later)) lines = later;
        return false;
      }
      return pairs.every(([line, now]) => {
        const moved = now.packets >= line.packets + 20;
        return moved && (line.codec !== codec || now.frames >= line.frames + 10);
      });
    });
  }

  /** The one worker of the page, to be spoken to from outside. */
  async worker() {
    const end = Date.now() + DEADLINE;
    for (;;) {
      const [worker, another] = this.page.workers();
      if (worker !== undefined && another === undefined) return worker;
      if (Date.now() > end) throw new Error(`${this.page.workers().length} workers`);
      await sleep(100);
    }
  }

  async close() {
    await this.context.close();
  }
}

/**
 * What a line of `stats()` refused, as [reason, how often]; but for pictures that came twice. On a busy machine packets that
 * are only late are asked for again, and a browser puts the picture together once more: it must be refused then.
 */
export function refusals({ source, dropped }) {
  const picture = source === "camera" || source === "screen";
  return dropped.filter(([reason]) => !(picture && reason === "replayed"));
}
