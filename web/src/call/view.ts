/** What a call looks like at one moment: an immutable snapshot for the UI to draw. */
import type { EmojiView } from "../generated/EmojiView.js";
import type { Phase } from "../generated/Phase.js";
import type { Source } from "../generated/Source.js";
import type { Failure } from "../worker/messages.js";
import type { Trust } from "./trust.js";

export interface CallView {
  readonly phase: Phase;
  /** Why the call is over; nothing while it goes on. */
  readonly ended: Ended | undefined;
  /** The members of the group, or of the last one, the own one first. Empty until the person is inside. */
  readonly people: readonly PersonView[];
  /** 12 groups of 5 digits. Nothing while there is no group, and so no promise about who hears what. */
  readonly safetyNumber: readonly string[] | undefined;
  /** Where the comparison of emoji stands. */
  readonly emoji: EmojiView;
  /** Whether marks will be there in the next call. */
  readonly marksLast: boolean;
  /** The way that sound and picture take to the server. */
  readonly media: MediaState;
  /** What a person must not miss, the latest last. Nothing but a person takes one away, other than many later ones. */
  readonly alarms: readonly Alarm[];
  /** The last thing that a person should know; `id` tells a repeated text from an old one. */
  readonly notice: { readonly id: number; readonly text: string } | undefined;
}

export interface Alarm {
  readonly id: number;
  readonly text: string;
}

export type Ended =
  | { readonly type: "left" }
  | { readonly type: "ended"; readonly text: string }
  /** The worker gave up, or is gone. */
  | { readonly type: "failed"; readonly reason: Failure; readonly text: string };

export type MediaState =
  | "none"
  | "connecting"
  | "connected"
  /** The network does not let it through. */
  | "failed"
  /** The server does not agree to it, again and again. */
  | "refused";

export interface PersonView {
  readonly client: string;
  readonly name: string;
  readonly identity: string;
  readonly own: boolean;
  readonly confirmed: boolean;
  readonly present: boolean;
  /** What the group's watch found: not heard inside the group for long, or in another call than this one. */
  readonly doubt: "silent" | "elsewhere" | undefined;
  /** How far this device knows the person. */
  readonly trust: Trust;
  /** What this person sends; for the own person nothing, see `DevicesView`. */
  readonly streams: ReadonlyMap<Source, MediaStream>;
}

export const NOT_YET: CallView = {
  phase: "connecting",
  ended: undefined,
  people: [],
  safetyNumber: undefined,
  emoji: { state: "idle" },
  marksLast: true,
  media: "none",
  alarms: [],
  notice: undefined,
};
