/** What only hosts read, which loads with their part of the page. A language without a file here has it in English. */
import { files as found } from "tangelo:languages";
import { language } from "../text.js";
import type { hostText as english } from "./text.en.js";

export type HostTexts = typeof english;

const files = found as Readonly<Record<string, () => Promise<{ readonly hostText: HostTexts }>>>;

/** What hosts' parts draw, once it is loaded: before they are. */
export let hostText: HostTexts;

/** Loads them in the page's language. */
export async function loadHostTexts(): Promise<void> {
  const file = files[language] ?? files.en;
  if (file === undefined) throw new Error("hosts have no texts");
  ({ hostText } = await file());
}
