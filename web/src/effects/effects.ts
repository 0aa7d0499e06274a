/** Which effects a person wants on the own sound and picture. What they need loads when the first one is wanted. */
import type { DeviceKind } from "../call/devices.js";
import { Observable } from "../call/observable.js";
import { recall, remember } from "../call/preferences.js";
import type { Processed, TrackEffects } from "../call/processed.js";
import { errorOf, report } from "../report.js";

/** What is behind the person: the room, the room blurred, one of the page's images by name, or the person's own one. */
export type Background = "none" | "blur" | "own" | SceneName;

export const SCENE_NAMES = ["dawn", "grove", "dusk"] as const;
export type SceneName = (typeof SCENE_NAMES)[number];

/** How far an effect is. The microphone goes on without one that failed; the camera stays off. */
export type EffectState = "off" | "starting" | "on" | "failed";

export interface EffectsView {
  readonly noise: boolean;
  readonly background: Background;
  /** The person's own image as a data URL; empty if there is none. */
  readonly own: string;
  readonly state: Readonly<Record<DeviceKind, EffectState>>;
}

/** An own image is kept this large: as large as any picture that is sent. */
const OWN_SIDE = 1280;
const OWN_QUALITY = 0.85;

export class Effects implements TrackEffects {
  readonly view: Observable<EffectsView>;
  changed: ((kind: DeviceKind) => void) | undefined;

  constructor() {
    const own = recall("background_image");
    this.view = new Observable<EffectsView>({
      noise: available().noise && recall("noise_suppression") === "on",
      background: available().background ? known(recall("background"), own) : "none",
      own,
      state: { microphone: "off", camera: "off" },
    });
  }

  /** Noise suppression from now on, or no more. */
  suppressNoise(noise: boolean): void {
    remember("noise_suppression", noise ? "on" : "");
    this.view.patch({ noise });
    this.changed?.("microphone");
  }

  /** This behind the person from now on. */
  showBehind(background: Background): void {
    remember("background", background);
    this.view.patch({ background });
    this.changed?.("camera");
  }

  /** An image from this device behind the person. It is kept in this browser, and goes nowhere but into the own picture. */
  async showOwn(file: Blob): Promise<void> {
    const { drawn } = await import("./background.js");
    const address = URL.createObjectURL(file);
    try {
      const own = (await drawn(address, OWN_SIDE)).toDataURL("image/jpeg", OWN_QUALITY);
      remember("background_image", own);
      this.view.patch({ own });
    } finally {
      URL.revokeObjectURL(address);
    }
    this.showBehind("own");
  }

  process(kind: DeviceKind, track: MediaStreamTrack): Promise<Processed> | undefined {
    const { noise, background, own } = this.view.get();
    if (kind === "microphone" ? !noise : background === "none") {
      this.patch(kind, "off");
      return undefined;
    }
    this.patch(kind, "starting");
    const made = kind === "microphone" ? quiet(track) : covered(track, background, own);
    // One that another choice has overtaken says nothing about that choice.
    const current = () => this.latest[kind] === made;
    this.latest[kind] = made;
    const fail = (error: unknown) => {
      if (!current()) return;
      report("effect-failed", { kind, ...errorOf(error) });
      this.patch(kind, "failed");
    };
    made.then(({ broken }) => {
      if (current()) this.patch(kind, "on");
      void broken.then(fail);
    }, fail);
    return made;
  }

  private readonly latest: Partial<Record<DeviceKind, Promise<Processed>>> = {};

  private patch(kind: DeviceKind, state: EffectState): void {
    if (state === "off") delete this.latest[kind];
    this.view.patch({ state: { ...this.view.get().state, [kind]: state } });
  }
}

/** What this browser can do. */
export function available(): { readonly noise: boolean; readonly background: boolean } {
  const has = (name: string) => name in globalThis;
  return {
    noise: has("AudioWorkletNode"),
    background:
      has("OffscreenCanvas") &&
      (has("MediaStreamTrackGenerator") ||
        (has("HTMLCanvasElement") && "captureStream" in HTMLCanvasElement.prototype)),
  };
}

async function quiet(track: MediaStreamTrack): Promise<Processed> {
  const { suppressNoise } = await import("./noise.js");
  return suppressNoise(track);
}

async function covered(
  track: MediaStreamTrack,
  background: Background,
  own: string,
): Promise<Processed> {
  const { withBackground } = await import("./background.js");
  if (background === "blur" || background === "none")
    return withBackground(track, { type: "blur" });
  const image = background === "own" ? own : SCENE_URLS[background];
  if (image === undefined) throw new Error(`there is no image ${background}`);
  return withBackground(track, { type: "image", image });
}

/** What was remembered, if there is still such a thing. An own image that is gone must not show the room instead. */
function known(background: string, own: string): Background {
  if (background === "own") return own === "" ? "blur" : "own";
  const all: readonly string[] = ["blur", ...SCENE_NAMES];
  return all.includes(background) ? (background as Background) : "none";
}
