/** Whether people would take two names for the same. Pure. */

/**
 * A name without what eyes pass over: compatibility forms, case, what is invisible, the amount of space, and the most
 * common look-alikes of Latin letters. For comparing only: two names that look different to everybody may fold alike.
 */
export function foldName(name: string): string {
  const known = folded.get(name);
  if (known !== undefined) return known;
  const fold = foldAnew(name);
  if (folded.size >= FOLDED_MAX) folded.clear();
  folded.set(name, fold);
  return fold;
}

/** Folding takes microseconds, and every change in a large call asks for thousands. */
const folded = new Map<string, string>();
const FOLDED_MAX = 20_000;

function foldAnew(name: string): string {
  const plain = name
    .normalize("NFKC")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    // Up and down again: "ß" and "ss", the two small sigmas.
    .toUpperCase()
    .toLowerCase()
    .normalize("NFKC")
    .replace(/\s+/gu, " ")
    .trim();
  return [...plain].map(letter => LOOK_ALIKES.get(letter) ?? letter).join("");
}

/** What it is, and what it looks like. Small letters whose capitals look alike count too. */
const DIGITS_AND_STROKES = "0o 1i li |i";
const CYRILLIC = "аa вb еe кk мm нh оo рp сc тt уy хx іi јj ѕs ԁd һh ԛq ԝw";
const GREEK = "αa βb εe ζz ηh ιi κk μm νn οo ρp τt υy χx";

const LOOK_ALIKES = new Map(
  [DIGITS_AND_STROKES, CYRILLIC, GREEK]
    .flatMap(pairs => pairs.split(" "))
    .map(([letter = "", like = ""]) => [letter, like]),
);
