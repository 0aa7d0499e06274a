/** What stands for a person whose camera is off. Pure. */

/** One or two letters of a name. */
export function initialsOf(name: string): string {
  const words = name
    .trim()
    .split(/\s+/)
    .filter(word => word !== "");
  const first = letterOf(words[0]);
  const last = words.length > 1 ? letterOf(words.at(-1)) : "";
  return first + last || "?";
}

/** One of 12 hues, the same for the same identity everywhere. */
export function hueOf(identity: string): number {
  let sum = 0;
  for (const character of identity) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 4096;
  return (sum % 12) * 30;
}

/** The first letter as people see it: a whole grapheme. */
function letterOf(word: string | undefined): string {
  for (const { segment } of new Intl.Segmenter().segment(word ?? "")) {
    return segment.toLocaleUpperCase();
  }
  return "";
}
