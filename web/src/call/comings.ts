/** Who came and who left, for people: whoever only lost the connection and is back at once did neither. Pure. */

interface Comer {
  readonly identity: string;
  readonly name: string;
  readonly own: boolean;
  readonly present: boolean;
}

/** A person who is away for less has not left. */
const BACK_WITHIN_MS = 5_000;

export class Comings {
  /** Who is taken to be there; `gone` since when they are not, in milliseconds. By identity. */
  private there: Map<string, { name: string; gone: number | undefined }> | undefined;

  /** What is news by now. The first call tells who was there already, and nobody of them came. */
  update(people: readonly Comer[], now: number): { joined: string[]; left: string[] } {
    const present = new Map(
      people
        .filter(({ own, present }) => !own && present)
        .map(({ identity, name }) => [identity, name]),
    );
    if (this.there === undefined) {
      this.there = new Map([...present].map(([id, name]) => [id, { name, gone: undefined }]));
      return { joined: [], left: [] };
    }
    const joined: string[] = [];
    const left: string[] = [];
    for (const [identity, name] of present) {
      if (!this.there.has(identity)) joined.push(name);
      this.there.set(identity, { name, gone: undefined });
    }
    for (const [identity, one] of this.there) {
      if (present.has(identity)) continue;
      one.gone ??= now;
      if (now - one.gone < BACK_WITHIN_MS) continue;
      this.there.delete(identity);
      left.push(one.name);
    }
    return { joined, left };
  }
}
