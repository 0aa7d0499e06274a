/**
 * The inspector's texts, which load with it. They are apart from the page's because only some people look at it: a language
 * without a file here has the inspector in English.
 */
import { files as found } from "tangelo:languages";
import { language } from "../text.js";
import type { inspectorText as english } from "./text.en.js";

export type InspectorTexts = typeof english;

const files = found as Readonly<
  Record<string, () => Promise<{ readonly inspectorText: InspectorTexts }>>
>;

/** What the inspector draws, once it is loaded: before its parts are. */
export let inspectorText: InspectorTexts;

/** Loads them in the page's language. */
export async function loadInspectorTexts(): Promise<void> {
  const file = files[language] ?? files.en;
  if (file === undefined) throw new Error("the inspector has no texts");
  ({ inspectorText } = await file());
}
