// One browser with the stories, and the pages in it.
import { writeFile } from "node:fs/promises";
import { chromium } from "../../e2e/lib/browser.mjs";
import { serveStories } from "./server.mjs";
import { DEADLINE } from "./until.mjs";

/** The sizes in which every story is looked at, by name. All without motion: nothing is in flight when it is judged. */
export const SIZES = {
  desktop: { width: 1280, height: 760, scheme: "light" },
  dark: { width: 1280, height: 760, scheme: "dark" },
  // Half a screen, or a tablet.
  half: { width: 900, height: 640, scheme: "light" },
  phone: { width: 360, height: 740, scheme: "light" },
  small: { width: 320, height: 568, scheme: "dark" },
  "right to left": { width: 1280, height: 760, scheme: "light", direction: "rtl" },
  "right to left, phone": { width: 360, height: 740, scheme: "light", direction: "rtl" },
};

/** Whether it is a phone's: touched, without a mouse. */
export const isPhone = ({ width }) => width < 600;

export class StoryBrowser {
  static async start() {
    const server = await serveStories();
    const browser = await chromium({
      patienceMs: DEADLINE,
      args: [
        // The same address in every picture, and one that browsers take for secure.
        `--host-resolver-rules=MAP tangelo.localhost:80 127.0.0.1:${server.port}`,
        "--autoplay-policy=no-user-gesture-required",
        "--lang=en-US",
        // With a mouse, as on a desk; what is made a phone has none.
        "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
      ],
    });
    return new StoryBrowser(server, browser);
  }

  constructor(server, browser) {
    this.server = server;
    this.browser = browser;
  }

  /** A page of its own for stories; `errors` has what goes wrong in it. */
  async newPage() {
    const context = await this.browser.createBrowserContext();
    const page = await context.newPage();
    const errors = [];
    page.setDefaultTimeout(DEADLINE);
    page.on("pageerror", error => errors.push(`page error: ${error.message}`));
    page.on("console", message => {
      if (message.type() === "error") errors.push(`console: ${message.text()}`);
    });
    await page.emulateTimezone("UTC");
    page.devtools = await page.createCDPSession();
    return { page, errors };
  }

  /** Opens a story, and waits until it is as it should be seen. Without a name: the list. */
  async open(page, story) {
    const query = story === undefined ? "" : `?story=${encodeURIComponent(story)}`;
    await page.goto(`http://tangelo.localhost/${query}`);
    await page.evaluate(() => window.stories.ready);
  }

  async stop() {
    await this.browser.close();
    await this.server.stop();
  }
}

/** Takes a picture of what is in the window. */
export async function takePicture(page, file) {
  const { data } = await page.devtools.send("Page.captureScreenshot", { format: "png" });
  await writeFile(file, Buffer.from(data, "base64"));
}

/** How a person sees the page. One that was a phone stays one: browsers do not find their mouse again. */
export async function setSize(
  page,
  { width, height, scheme, direction = "ltr" },
  motion = "reduce",
) {
  const phone = isPhone({ width });
  // Not with `setViewport`, which loads the page anew when a screen becomes one to touch.
  const metrics = { width, height, deviceScaleFactor: 1, mobile: phone };
  await page.devtools.send("Emulation.setDeviceMetricsOverride", metrics);
  if (phone) await page.devtools.send("Emulation.setTouchEmulationEnabled", { enabled: true });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: scheme },
    { name: "prefers-reduced-motion", value: motion },
  ]);
  const mouse = await page.evaluate(async dir => {
    document.documentElement.dir = dir;
    // Two frames: sizes are measured in one, and drawn in the next.
    await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return matchMedia("(hover: hover) and (pointer: fine)").matches;
  }, direction);
  // A page that shows nothing yet knows of no pointer.
  if (page.url() !== "about:blank" && mouse === phone) {
    throw new Error(`at ${width} px there is ${mouse ? "a" : "no"} mouse`);
  }
}
