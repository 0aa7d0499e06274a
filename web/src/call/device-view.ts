/** What is seen of this device's microphone, camera and speaker: immutable snapshots for the UI to draw. */

export type DeviceKind = "microphone" | "camera";

/** Why a device cannot be used. */
export type DeviceProblem =
  | "denied"
  | "missing"
  | "busy"
  | "insecure"
  | "unplugged"
  | "failed"
  /** The effect failed: a microphone goes on without it, a camera is off. */
  | "effect";

export interface DeviceChoice {
  readonly id: string;
  /** Empty until the person has given permission. */
  readonly label: string;
}

export interface DeviceView {
  /** Whether it captures (or is about to: see `pending`). */
  readonly on: boolean;
  readonly pending: boolean;
  readonly problem: DeviceProblem | undefined;
  readonly choices: readonly DeviceChoice[];
  /** The one that was plugged in last, since the page is open; each time another object. */
  readonly plugged?: {
    /** Empty where the browser does not say. */
    readonly label: string;
    /** There was none before. */
    readonly first: boolean;
  };
  /** How often a device that was pulled out was replaced by another. */
  readonly replaced?: number;
  /** The id of the device in use or last chosen; empty for the browser's choice. */
  readonly chosen: string;
  /** For own eyes, and for the call to send. A muted microphone keeps its track, which is silent then. */
  readonly track: MediaStreamTrack | undefined;
}

export interface DevicesView {
  readonly microphone: DeviceView;
  readonly camera: DeviceView;
}

/** What plays the others' sound. No choices where the browser does not let a page choose. */
export interface SpeakerView {
  readonly choices: readonly DeviceChoice[];
  /** The id; empty for the browser's choice. It may be gone: see `speakerInUse`. */
  readonly chosen: string;
  /** Whether the browser has a list of its own to choose from. */
  readonly asks: boolean;
  /** How often the chosen one was pulled out. */
  readonly lost: number;
}
