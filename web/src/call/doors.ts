/** To whom the server's rooms are open. */

export type Doors =
  /** To everyone who has the link. */
  | "link"
  /** To those alone who have a token as well. */
  | "token"
  /** Those that nobody is in, to who has a token that lets them begin one. */
  | "creators";

/** What the server says of it, in any answer; a server that says nothing asks for nothing. */
export function doorsOf(answer: unknown): Doors {
  const doors = (answer as { doors?: unknown } | null | undefined)?.doors;
  return doors === "token" || doors === "creators" ? doors : "link";
}

/** Asks the server. One that does not answer is taken for an open one: whoever comes to its door is told. */
export async function askDoors(signal: AbortSignal): Promise<Doors> {
  try {
    const response = await fetch("/api/rooms", { signal });
    return doorsOf(await response.json());
  } catch {
    return "link";
  }
}
