/**
 * What went wrong, for who looks into the browser's console: one object, to be read and searched. A person reads words in the
 * page. Nothing here tells of the room or of people: consoles are copied into bug reports.
 */

export type Details = Readonly<Record<string, string | number | boolean | undefined>>;

/** A warning and no error: devices, networks and servers fail without any fault of the page's. */
export function report(what: string, details: Details = {}): void {
  console.warn("tangelo", structured(what, details));
}

/** A defect of Tangelo's own. */
export function reportFault(what: string, details: Details = {}): void {
  console.error("tangelo", structured(what, details));
}

/** What a caught thing says of itself. */
export function errorOf(error: unknown): { readonly error: string; readonly message: string } {
  const { name, message } = (error ?? {}) as { name?: unknown; message?: unknown };
  return {
    error: typeof name === "string" ? name : typeof error,
    message: typeof message === "string" ? message : String(error),
  };
}

/** A sentence without these people's names. */
export function withoutNames(words: string, names: Iterable<string>): string {
  // One name may be within another.
  return [...names]
    .filter(name => name !== "")
    .sort((one, other) => other.length - one.length)
    .reduce((kept, name) => kept.replaceAll(name, "…"), words);
}

function structured(what: string, details: Details): Details {
  const kept = Object.entries(details).filter(([, value]) => value !== undefined);
  return {
    what,
    ...Object.fromEntries(
      kept.map(([key, value]) => [key, typeof value === "string" ? withoutLink(value) : value]),
    ),
  };
}

/** Errors of browser and core may quote an address: the room's name opens it, the part after # is its secret. */
function withoutLink(words: string): string {
  return words.replaceAll(/\/(r|rooms)\/[^\s"'“”)]*/g, "/$1/…").replaceAll(/#[\w.=&-]{8,}/g, "#…");
}
