// A person at the keyboard in a story.
import { StoryBrowser, setSize } from "./browser.mjs";
import { until } from "./until.mjs";

const DESKTOP = { width: 1280, height: 760, scheme: "light" };

export class Visitor {
  static #stories;

  /** Opens a story in a page of its own; the browser is the same for all tests of a file. */
  static async in(story, { size = DESKTOP, motion = "reduce" } = {}) {
    Visitor.#stories ??= StoryBrowser.start();
    const stories = await Visitor.#stories;
    const { page, errors } = await stories.newPage();
    await setSize(page, size, motion);
    await stories.open(page, story);
    return new Visitor(page, errors);
  }

  /** After the last test of a file. */
  static async goHome() {
    await (await Visitor.#stories)?.stop();
  }

  constructor(page, errors) {
    this.page = page;
    this.errors = errors;
  }

  /** Presses keys one after another: a letter, or a name such as `Escape` or `Shift+Enter`. */
  async keys(...keys) {
    for (const key of keys) {
      const [last, ...held] = key.split("+").reverse();
      for (const each of held) await this.page.keyboard.down(each);
      await this.page.keyboard.press(last);
      for (const each of held) await this.page.keyboard.up(each);
    }
  }

  /** Puts the focus on a button by its name. */
  async goTo(name) {
    const button = await this.page.waitForSelector(`aria/${name}[role="button"]`);
    await button.focus();
  }

  async click(name) {
    const button = await this.page.waitForSelector(`aria/${name}[role="button"]`);
    await button.click();
  }

  /** Waits until a function in the page is true. */
  until(probe, ...args) {
    return until(this.page, probe, ...args);
  }

  sees(selector) {
    return this.page.waitForSelector(selector, { visible: true });
  }

  /** Waits until nothing of this kind is there any more. */
  missesNow(selector) {
    return this.until(wanted => document.querySelector(wanted) === null, selector);
  }

  /** The name of what has the focus, waited for: what gives it back may need a moment. */
  async isAt(name) {
    try {
      await this.until(wanted => {
        const at = document.activeElement;
        const label = at?.getAttribute("aria-label") ?? at?.textContent ?? "";
        return label.trim() === wanted;
      }, name);
    } catch {
      const at = await this.page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200));
      throw new Error(`the focus is not at "${name}", but at ${at}`);
    }
  }

  has(selector) {
    return this.page.evaluate(wanted => document.querySelector(wanted) !== null, selector);
  }

  text(selector) {
    return this.page.$eval(selector, element => element.innerText);
  }

  /** What was asked of the call so far, by the names of its methods. */
  asked(method) {
    return this.page.evaluate(
      wanted => window.call.asked.filter(([name]) => name === wanted).map(([, ...rest]) => rest),
      method,
    );
  }
}
