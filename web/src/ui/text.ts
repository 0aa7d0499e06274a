/**
 * The texts of the page in the person's language. Another language is another file next to text.en.ts, which is found by its
 * name (web/languages.mjs); a text that is missing there does not compile.
 */
import { files as found } from "tangelo:languages";
import { recall, remember } from "../call/preferences.js";
import type { text as english } from "./text.en.js";

export type Texts = typeof english;

/** By language tag (BCP 47). */
const files = found as Readonly<Record<string, () => Promise<{ readonly text: Texts }>>>;

const FALLBACK = "en";
/** Those that are written from right to left. */
const RIGHT_TO_LEFT = ["ar", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"];

/** What every component draws, once it is loaded. It stays what it is: another language loads the page anew. */
export let text: Texts;
export let language = FALLBACK;

/** All that there are: tag, and name as its speakers call it. */
export function languages(): readonly (readonly [string, string])[] {
  return Object.keys(files).map(tag => [tag, nameOf(tag)]);
}

/** Loads the texts in the person's language, and no others. Before anything is drawn. */
export async function loadTexts(): Promise<void> {
  const tag = chosen([recall("language"), ...navigator.languages], Object.keys(files));
  const file = files[tag];
  if (file === undefined) throw new Error(`there are no texts in "${tag}"`);
  ({ text } = await file());
  language = tag;
  document.documentElement.lang = tag;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(tag.split("-")[0] ?? tag) ? "rtl" : "ltr";
}

/** From now on in this language. */
export function chooseLanguage(tag: string): void {
  remember("language", tag);
  location.reload();
}

/** The first of the wishes that there is: as it is, or without its region. */
export function chosen(wishes: readonly string[], tags: readonly string[]): string {
  const all = wishes.flatMap(tag => [tag, tag.split("-")[0] ?? tag]);
  return all.find(tag => tags.includes(tag)) ?? FALLBACK;
}

/** Some languages begin their own name small, which is not how a list looks. */
export function nameOf(tag: string): string {
  const [first = "", ...rest] = new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag;
  return first.toLocaleUpperCase(tag) + rest.join("");
}
