/** What protects the call at this moment, in one word for the lock. Pure. */
import type { CallView, PersonView } from "./view.js";

export type Protection =
  /** No group: nothing is sent, and nothing is promised. */
  | { readonly type: "none" }
  /** An alarm that nobody has dismissed: the server or somebody in the call interfered. */
  | { readonly type: "alarm" }
  /** The person said that another one sees another number. */
  | { readonly type: "differs" }
  /** The comparison of emoji failed in a way that can be an attack. */
  | { readonly type: "emoji" }
  /** Found in another call, or not heard inside the group for long. */
  | { readonly type: "doubt"; readonly people: readonly PersonView[] }
  /** These come with a key that is another than before under their name, or with somebody else's name. */
  | { readonly type: "caution"; readonly people: readonly PersonView[] }
  /** Frames of these people come and cannot be opened. */
  | { readonly type: "unreadable"; readonly people: readonly PersonView[] }
  /** The room has a name of somebody's choice: the link protects nothing. */
  | { readonly type: "open" }
  /** Everyone else is marked verified. */
  | { readonly type: "verified" }
  | { readonly type: "protected" };

/**
 * The gravest first: what may mean that a stranger listens, then what only means that somebody is not heard, then what the
 * room is anyway. So nobody who holds back or damages what comes can hide the graver. `secret`: the room's link has a secret.
 */
export function protectionOf(view: CallView, secret: boolean): Protection {
  if (view.alarms.length > 0) return { type: "alarm" };
  if (view.safetyNumber === undefined) return { type: "none" };
  if (view.numberDiffers) return { type: "differs" };
  const { emoji } = view;
  if (emoji.state === "failed" && emoji.reason.type === "broken") return { type: "emoji" };
  const others = view.people.filter(person => !person.own);
  // What comes of somebody in another call cannot be opened either: that is not the reason.
  const elsewhere = others.filter(person => person.doubt === "elsewhere");
  if (elsewhere.length > 0) return { type: "doubt", people: elsewhere };
  const strange = others.filter(person => person.trust.warnings.length > 0);
  if (strange.length > 0) return { type: "caution", people: strange };
  const unreadable = others.filter(person => person.unreadable !== undefined);
  if (unreadable.length > 0) return { type: "unreadable", people: unreadable };
  const doubted = others.filter(person => person.doubt !== undefined);
  if (doubted.length > 0) return { type: "doubt", people: doubted };
  const known = (person: PersonView) =>
    person.trust.state.type === "verified" || person.trust.state.type === "own_key";
  if (others.length > 0 && others.every(known)) return { type: "verified" };
  return { type: secret ? "protected" : "open" };
}
