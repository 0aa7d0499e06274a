// Waiting for a page to come into a state.

/** Longer than anything here takes on a busy machine. */
export const DEADLINE = 60_000;

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

/**
 * Waits until a function in the page is true. One that throws looked before the page had what it looks at, and is
 * asked again; puppeteer's own `waitForFunction` never asks again where the first look throws.
 */
export async function until(page, probe, ...args) {
  const end = Date.now() + DEADLINE;
  for (;;) {
    let thrown;
    try {
      if (await page.evaluate(probe, ...args)) return;
    } catch (error) {
      if (page.isClosed()) throw error;
      thrown = error;
    }
    if (Date.now() > end) {
      throw new Error(`not within ${DEADLINE} ms`, { cause: thrown });
    }
    await sleep(50);
  }
}
