import type { CallView } from "./view.js";

/** Whether the own person is the last host of a locked call with others in it: once it is gone, nobody can be let in. */
export function isLastHost({ phase, room, people }: CallView): boolean {
  const others = people.filter(({ own, present }) => !own && present);
  return (
    phase === "inside" &&
    room.host &&
    room.locked &&
    others.length > 0 &&
    !others.some(({ host }) => host)
  );
}
