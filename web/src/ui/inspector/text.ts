/**
 * The inspector's texts, which load with it. They are apart from the page's because only some people look at it: a language
 * whose words are not here has the inspector in English.
 */
import { language } from "../text.js";
import { inspectorText as english } from "./text.en.js";

export type InspectorTexts = typeof english;

const OTHERS: Readonly<Record<string, () => Promise<InspectorTexts>>> = {
  de: () => import("./text.de.js").then(({ inspectorText }) => inspectorText),
};

/** What the inspector draws. Changes only before its parts load. */
export let inspectorText: InspectorTexts = english;

/** Loads them in the page's language. */
export async function loadInspectorTexts(): Promise<void> {
  inspectorText = (await OTHERS[language]?.()) ?? english;
}
