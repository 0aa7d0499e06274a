/** What a story is, and what the person in it can do. */
import type { ComponentChild } from "preact";

/** One state of a screen, as run.mjs looks at it. */
export interface Story {
  /** The address under which it is drawn; `/` without it. */
  readonly path?: string;
  /** What is to be so before anything is drawn: preferences, a browser that lacks something. */
  readonly before?: () => void;
  /** What comes after some seconds is there at once; without it, it never comes. */
  readonly later?: true;
  readonly draw: () => ComponentChild;
  /** What the person does then, until it looks as it should. */
  readonly act?: () => Promise<void>;
  /** Files of docs/screenshots/ without their ending, and how each is taken: one of `SIZES` in lib/browser.mjs. */
  readonly pictures?: Readonly<Record<string, "desktop" | "dark" | "phone">>;
}

/** Of one screen, by the state that it is in. */
export type Stories = Readonly<Record<string, Story>>;

/** Longer than anything takes on a busy machine. */
const DEADLINE_MS = 30_000;

/** Waits until something is there. */
export async function until<T>(
  what: string,
  probe: () => T | null | undefined | false,
): Promise<T> {
  const end = performance.now() + DEADLINE_MS;
  for (;;) {
    const found = probe();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`there is no ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

/** Waits for what a selector names. */
export function see(selector: string): Promise<HTMLElement> {
  return until(selector, () => document.querySelector<HTMLElement>(selector));
}

/** Waits until a text can be read somewhere. */
export function read(words: string): Promise<true> {
  return until(`"${words}"`, () => document.body.innerText.includes(words));
}

/** Presses the button of this name, a visible one if there are two. The focus is on it then, as on a real press. */
export async function press(name: string): Promise<void> {
  const button = await until(`button "${name}"`, () =>
    [...document.querySelectorAll<HTMLElement>("button, summary, [type=checkbox]")].find(
      element => nameOf(element).startsWith(name) && !element.matches(":disabled"),
    ),
  );
  button.focus();
  button.click();
}

/** Types into a field as a person does, as far as the page can tell. */
export async function type(selector: string, words: string): Promise<void> {
  const field = (await see(selector)) as HTMLInputElement | HTMLTextAreaElement;
  field.focus();
  field.value = words;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function nameOf(element: HTMLElement): string {
  const label = element.getAttribute("aria-label") ?? element.closest("label")?.textContent;
  if (label !== null && label !== undefined) return label.trim();
  const heard = element.cloneNode(true) as HTMLElement;
  for (const part of heard.querySelectorAll("[aria-hidden=true]")) part.remove();
  return (heard.textContent ?? "").trim();
}
