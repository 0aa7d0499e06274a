/** Who is shown where. Pure: places are kept unless somebody who speaks would not be seen otherwise. */

/** So long somebody on the first page must have been silent to give up the place, in milliseconds. */
const SETTLED_MS = 10_000;

/**
 * The order for the next drawing: that of the last one, without who left and with who came at the end; and whoever speaks
 * beyond the first `visible` places takes that of the one there who was silent the longest. `pinned` is never moved out.
 */
export function reorder(
  last: readonly string[],
  present: readonly string[],
  visible: number,
  speaking: ReadonlySet<string>,
  lastHeard: ReadonlyMap<string, number>,
  now: number,
  pinned: string | undefined = undefined,
): string[] {
  const there = new Set(present);
  const known = new Set(last);
  const order = [...last.filter(id => there.has(id)), ...present.filter(id => !known.has(id))];
  const heardAt = (id: string) => lastHeard.get(id) ?? -Infinity;
  for (let from = visible; from < order.length; from++) {
    const speaker = order[from];
    if (speaker === undefined || !speaking.has(speaker)) continue;
    const places = order
      .slice(0, visible)
      .map((id, place) => ({ id, place }))
      // The own tile is the first.
      .filter(({ id, place }) => place > 0 && id !== pinned && !speaking.has(id))
      .filter(({ id }) => now - heardAt(id) >= SETTLED_MS)
      .toSorted((a, b) => heardAt(a.id) - heardAt(b.id));
    const place = places[0];
    if (place === undefined) break;
    order[place.place] = speaker;
    order[from] = place.id;
  }
  return order;
}
