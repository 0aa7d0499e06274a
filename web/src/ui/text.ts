/**
 * The texts of the page in the person's language. Another language is another file next to text.en.ts, and a line in
 * `LANGUAGES`; a text that is missing there does not compile.
 */
import { recall, remember } from "../call/preferences.js";
import type { text as english } from "./text.en.js";

export type Texts = typeof english;

interface Language {
  /** As its speakers call it. */
  readonly name: string;
  readonly direction: "ltr" | "rtl";
  readonly load: () => Promise<Texts>;
}

/** By language tag (BCP 47). */
export const LANGUAGES: Readonly<Record<string, Language>> = {
  en: {
    name: "English",
    direction: "ltr",
    load: () => import("./text.en.js").then(({ text }) => text),
  },
  de: {
    name: "Deutsch",
    direction: "ltr",
    load: () => import("./text.de.js").then(({ text }) => text),
  },
};

const FALLBACK = "en";

/** What every component draws, once it is loaded. It stays what it is: another language loads the page anew. */
export let text: Texts;
export let language = FALLBACK;

/** Loads the texts in the person's language, and no others. Before anything is drawn. */
export async function loadTexts(): Promise<void> {
  const tag = wished();
  const chosen = LANGUAGES[tag];
  if (chosen === undefined) throw new Error(`there are no texts in "${tag}"`);
  text = await chosen.load();
  language = tag;
  document.documentElement.lang = tag;
  document.documentElement.dir = chosen.direction;
}

/** From now on in this language. */
export function chooseLanguage(tag: string): void {
  remember("language", tag);
  location.reload();
}

/** What the person chose here, or the first of the browser's languages that there is. */
function wished(): string {
  const browser = navigator.languages.map(tag => tag.split("-")[0] ?? tag);
  return [recall("language"), ...browser].find(tag => tag in LANGUAGES) ?? FALLBACK;
}
