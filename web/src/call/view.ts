/** What a call looks like at one moment: an immutable snapshot for the UI to draw. */
import type { SinceLastTime } from "./last-time.js";
import type { ChatMessage } from "./chat.js";
import type { EmojiView } from "../generated/EmojiView.js";
import type { Phase } from "../generated/Phase.js";
import type { RoomView } from "../generated/RoomView.js";
import type { Source } from "../generated/Source.js";
import type { Failure } from "../worker/messages.js";
import type { MediaMode } from "./media-mode.js";
import type { Quality } from "./quality.js";
import type { ShareView } from "./screen-share.js";
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
  /** What a host's word makes of the room. */
  readonly room: RoomView;
  /** How far this device knows those who wait to be let in, by client. */
  readonly waitingTrust: ReadonlyMap<string, Trust>;
  /** Whether marks will be there in the next call. */
  readonly marksLast: boolean;
  /** The way that sound and picture take to the server. */
  readonly media: MediaState;
  /** The person said that another one sees another number. Until taken back: who is in between can have people come and go. */
  readonly numberDiffers: boolean;
  /** What is different from the last call in this room; nothing if this is the first. */
  readonly sinceLastTime: SinceLastTime | undefined;
  /** What was written, the latest last. */
  readonly chat: readonly ChatMessage[];
  /** Those of the last seconds. */
  readonly reactions: readonly ReactionView[];
  readonly handRaised: boolean;
  /** There were so many people that the microphone started muted. */
  readonly startedMuted: boolean;
  readonly mode: MediaMode;
  readonly share: ShareView;
  /** Who came or left last; `id` tells one from the next. */
  readonly news: News | undefined;
  /** When each was last heard to speak, on the page's clock; for the order of tiles. */
  readonly lastHeard: ReadonlyMap<string, number>;
  /** What a person must not miss, the latest last. Nothing but a person takes one away, other than many later ones. */
  readonly alarms: readonly Alarm[];
  /** The last thing that a person should know; `id` tells a repeated text from an old one. */
  readonly notice: { readonly id: number; readonly text: string } | undefined;
}

export interface ReactionView {
  readonly id: number;
  readonly client: string;
  readonly name: string;
  readonly emoji: string;
}

export interface News {
  readonly id: number;
  /** Names of who came and who went since the last news. */
  readonly joined: readonly string[];
  readonly left: readonly string[];
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
  /** Whether it has shown inside the group that it is a host. */
  readonly host: boolean;
  /** Cut off, as is seen here, or as the server says and nothing here shows otherwise, and perhaps about to come back. */
  readonly lost: boolean;
  /** What the group's watch found: not heard inside the group for long, or in another call than this one. */
  readonly doubt: "silent" | "elsewhere" | undefined;
  /** How far this device knows the person. */
  readonly trust: Trust;
  /** Whether microphone and camera are on, as the person's own client says; nothing before it has. */
  readonly microphone: boolean | undefined;
  readonly camera: boolean | undefined;
  /** Whether it keeps what it sees and hears, as its own client says. */
  readonly recording: boolean;
  /** Grows with the time at which the hand was raised; nothing while it is down. */
  readonly handOrder: number | undefined;
  readonly speaking: boolean;
  /** How well the person comes through; of the own person, how well it gets out. */
  readonly quality: Quality;
  /** Frames come, and none can be opened: why. */
  readonly unreadable: Unreadable | undefined;
  /** What this person sends; for the own person nothing, see `DevicesView`. */
  readonly streams: ReadonlyMap<Source, MediaStream>;
}

/** Why a frame was dropped, in the core's words. Rust: tangelo_call's `reason_name`. */
export type Unreadable =
  | "no_receiver"
  | "malformed"
  | "no_key"
  | "wrong_sender"
  | "wrong_source"
  | "forged"
  | "replayed"
  | "hold_full";

export const NOT_YET: CallView = {
  phase: "connecting",
  ended: undefined,
  people: [],
  safetyNumber: undefined,
  emoji: { state: "idle" },
  room: { locked: false, opened: false, host: false, outside: false, waiting: [], barred: [] },
  waitingTrust: new Map(),
  marksLast: true,
  media: "none",
  numberDiffers: false,
  sinceLastTime: undefined,
  chat: [],
  reactions: [],
  handRaised: false,
  startedMuted: false,
  mode: "full",
  share: { on: false, pending: false, problem: undefined, track: undefined },
  news: undefined,
  lastHeard: new Map(),
  alarms: [],
  notice: undefined,
};
