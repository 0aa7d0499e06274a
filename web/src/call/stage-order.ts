/** Who is shown where. Pure: places are kept unless somebody who speaks would not be seen otherwise. */
import type { PersonView } from "./view.js";

/** Somebody to be shown large. */
export type Pin = Pick<PersonView, "client" | "identity" | "own">;

/**
 * The client that a pin means now: the pinned one, or where that has gone away another one of the same person, who has
 * loaded the page anew, say. Not one that only claims to be that person.
 */
export function pinnedClient(
  people: readonly Pick<PersonView, "client" | "identity" | "own" | "present" | "confirmed">[],
  pin: Pin | undefined,
): string | undefined {
  if (pin === undefined) return undefined;
  const pinned = people.find(({ client }) => client === pin.client);
  if (pinned?.present === true) return pinned.client;
  const again = people.find(
    ({ identity, own, present, confirmed }) =>
      identity === pin.identity && own === pin.own && present && confirmed,
  );
  return (again ?? pinned)?.client;
}

/** The clients whose places nobody takes. */
interface Fixed {
  /** Nothing while the own picture is hidden. */
  readonly own?: string | undefined;
  readonly pinned?: string | undefined;
}

/** So long somebody on the first page must have been silent to give up the place, in milliseconds. */
const SETTLED_MS = 10_000;

/**
 * The order for the next drawing: that of the last one, without who left and with who came at the end; and whoever speaks
 * beyond the first `visible` places takes that of the one there who was silent the longest. The `own` one is always the
 * first, also under a new client, and `pinned` is never moved out.
 */
export function reorder(
  last: readonly string[],
  present: readonly string[],
  visible: number,
  speaking: ReadonlySet<string>,
  lastHeard: ReadonlyMap<string, number>,
  now: number,
  { own, pinned }: Fixed,
): string[] {
  const there = new Set(present);
  const known = new Set(last);
  const kept = [...last.filter(id => there.has(id)), ...present.filter(id => !known.has(id))];
  const order = [...kept.filter(id => id === own), ...kept.filter(id => id !== own)];
  const heardAt = (id: string) => lastHeard.get(id) ?? -Infinity;
  for (let from = visible; from < order.length; from++) {
    const speaker = order[from];
    if (speaker === undefined || !speaking.has(speaker)) continue;
    const places = order
      .slice(0, visible)
      .map((id, place) => ({ id, place }))
      .filter(({ id }) => id !== own && id !== pinned && !speaking.has(id))
      .filter(({ id }) => now - heardAt(id) >= SETTLED_MS)
      .toSorted((a, b) => heardAt(a.id) - heardAt(b.id));
    const place = places[0];
    if (place === undefined) break;
    order[place.place] = speaker;
    order[from] = place.id;
  }
  return order;
}
