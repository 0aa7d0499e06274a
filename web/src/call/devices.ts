/** Microphone and camera of this device: finding, opening, switching, closing. Lives through lobby and call. */
import { type CameraLoan, lendCamera } from "./camera-loan.js";
import { Observable } from "./observable.js";
import type { Processed, TrackEffects } from "./processed.js";
import { type Preference, recall, remember } from "./preferences.js";

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
  readonly plugged?: { readonly label: string };
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
  /** The id; empty for the browser's choice. */
  readonly chosen: string;
}

export class Devices {
  readonly view: Observable<DevicesView>;
  readonly speaker = new Observable<SpeakerView>({ choices: [], chosen: recall("speaker") });
  private stopped = false;
  private small = false;
  /** Counts acquisitions, so that one that was overtaken gives its device back. */
  private readonly turn = { microphone: 0, camera: 0 };
  /** The devices' own tracks, which nobody sees where there is an effect. */
  private readonly raw: Partial<Record<DeviceKind, MediaStreamTrack>> = {};
  private readonly processed: Partial<Record<DeviceKind, Processed>> = {};
  /** Counts effects, so that one that was overtaken is stopped. */
  private readonly effectTurn = { microphone: 0, camera: 0 };
  private readonly loans = new Set<CameraLoan>();

  constructor(private readonly effects?: TrackEffects) {
    if (effects !== undefined) effects.changed = kind => this.dress(kind);
    const initial = (kind: DeviceKind): DeviceView => ({
      on: false,
      pending: false,
      problem: undefined,
      choices: [],
      chosen: recall(kind),
      track: undefined,
    });
    this.view = new Observable<DevicesView>({
      microphone: initial("microphone"),
      camera: initial("camera"),
    });
  }

  /** Opens what was on last time; asks for permission once for both where that is possible. */
  async start(): Promise<void> {
    if (mediaDevices() === undefined) {
      this.patch("microphone", { problem: "insecure" });
      this.patch("camera", { problem: "insecure" });
      return;
    }
    mediaDevices()?.addEventListener("devicechange", this.refresh);
    const kinds = (["microphone", "camera"] as const).filter(
      kind => recall(offPreference(kind)) === "",
    );
    await this.acquire(kinds);
    await this.refresh();
  }

  /** Gives all devices back. */
  stop(): void {
    this.stopped = true;
    mediaDevices()?.removeEventListener("devicechange", this.refresh);
    for (const kind of ["microphone", "camera"] as const) {
      this.release(kind);
      this.patch(kind, { on: false, pending: false, track: undefined });
    }
    for (const loan of this.loans) loan.giveBack();
  }

  /**
   * On or off. A camera that is off is released, so that its light goes out; a microphone that is off sends silence, so
   * that it is back at once and nobody sees from the packets when it was.
   */
  async toggle(kind: DeviceKind): Promise<void> {
    const { on } = this.view.get()[kind];
    remember(offPreference(kind), on ? "off" : "");
    if (on) this.turnOff(kind);
    else await this.turnOn(kind);
  }

  /** On for as long as a key is held: no wish for the next call. */
  talk(on: boolean): void {
    if (on) void this.turnOn("microphone");
    else this.turnOff("microphone");
  }

  /** Off without being remembered as the person's wish. */
  mute(): void {
    this.turnOff("microphone");
  }

  private turnOff(kind: DeviceKind): void {
    this.turn[kind]++;
    if (kind === "microphone" && this.view.get().microphone.track !== undefined) {
      this.hear(false);
      this.patch(kind, { on: false, pending: false });
    } else {
      this.release(kind);
      this.patch(kind, { on: false, pending: false, track: undefined });
    }
  }

  private async turnOn(kind: DeviceKind): Promise<void> {
    if (kind === "microphone" && this.view.get().microphone.track !== undefined) {
      this.hear(true);
      this.patch(kind, { on: true });
      return;
    }
    await this.acquire([kind]);
    await this.refresh();
  }

  /** A small picture, which takes less of the network, or again a large one. */
  setSmall(small: boolean): void {
    this.small = small;
    void this.raw.camera?.applyConstraints(this.size()).catch(() => undefined);
  }

  /** Uses this device from now on. */
  async choose(kind: DeviceKind, id: string): Promise<void> {
    remember(kind, id);
    const { on } = this.view.get()[kind];
    this.patch(kind, { chosen: id });
    if (!on) {
      // A silent track of the old device must not come back.
      this.release(kind);
      this.patch(kind, { track: undefined });
      return;
    }
    await this.acquire([kind]);
  }

  /** To read a code with, whether the camera is on or off; neither that nor the call notices. */
  async borrowCamera(): Promise<CameraLoan> {
    const loan = await lendCamera(this.raw.camera, wish(this.view.get().camera.chosen));
    if (this.stopped) loan.giveBack();
    else this.loans.add(loan);
    return {
      stream: loan.stream,
      giveBack: () => {
        this.loans.delete(loan);
        loan.giveBack();
      },
    };
  }

  chooseSpeaker(id: string): void {
    remember("speaker", id);
    this.speaker.patch({ chosen: id });
  }

  private readonly refresh = async (): Promise<void> => {
    const all =
      (await mediaDevices()
        ?.enumerateDevices()
        .catch(() => [])) ?? [];
    if (this.stopped) return;
    for (const kind of ["microphone", "camera"] as const) {
      const choices = choicesOf(all, kind === "microphone" ? "audioinput" : "videoinput");
      const before = this.view.get()[kind].choices;
      this.patch(kind, { choices });
      // Names appear with the permission: then nothing was plugged in.
      const added = choices.filter(({ id }) => !before.some(old => old.id === id));
      const [plugged] = before.some(({ label }) => label !== "") ? added : [];
      if (plugged !== undefined) this.patch(kind, { plugged: { label: plugged.label } });
    }
    if (typeof HTMLMediaElement !== "undefined" && "setSinkId" in HTMLMediaElement.prototype) {
      this.speaker.patch({ choices: choicesOf(all, "audiooutput") });
    }
  };

  private async acquire(kinds: readonly DeviceKind[]): Promise<void> {
    if (kinds.length === 0) return;
    const devices = mediaDevices();
    if (devices === undefined) {
      for (const kind of kinds) this.patch(kind, { problem: "insecure" });
      return;
    }
    const turns = new Map(kinds.map(kind => [kind, ++this.turn[kind]]));
    for (const kind of kinds) this.patch(kind, { on: true, pending: true, problem: undefined });
    try {
      const stream = await devices.getUserMedia(this.constraints(kinds));
      for (const kind of kinds) {
        const track =
          kind === "microphone" ? stream.getAudioTracks()[0] : stream.getVideoTracks()[0];
        this.take(kind, track, turns.get(kind) === this.turn[kind]);
      }
    } catch (error) {
      const problem = problemOf(error);
      if (kinds.length > 1 && (problem !== "denied" || (await someAllowed()))) {
        // One of the two may still be had.
        for (const kind of kinds) {
          if (turns.get(kind) === this.turn[kind]) await this.acquire([kind]);
        }
        return;
      }
      for (const kind of kinds) {
        if (turns.get(kind) !== this.turn[kind]) continue;
        this.release(kind);
        this.patch(kind, { on: false, pending: false, track: undefined, problem });
      }
    }
  }

  private take(kind: DeviceKind, track: MediaStreamTrack | undefined, current: boolean): void {
    if (track === undefined) return;
    if (!current || this.stopped) {
      track.stop();
      return;
    }
    this.release(kind);
    this.raw[kind] = track;
    track.onended = () => {
      void this.lost(kind);
    };
    const chosen = track.getSettings().deviceId ?? "";
    this.patch(kind, { on: true, problem: undefined, chosen });
    this.dress(kind);
  }

  /**
   * Puts the chosen effect on a device's track. A microphone is heard without it until it works; a camera whose background
   * is to be covered is not seen before that.
   */
  private dress(kind: DeviceKind): void {
    const raw = this.raw[kind];
    if (raw === undefined) return;
    const turn = ++this.effectTurn[kind];
    const work = this.effects?.process(kind, raw);
    if (work === undefined) {
      this.wear(kind, undefined);
      return;
    }
    if (kind === "microphone") this.wear(kind, this.processed[kind]);
    else if (this.processed[kind] === undefined)
      this.patch(kind, { track: undefined, pending: true });
    const fail = () => {
      if (turn !== this.effectTurn[kind]) return;
      if (kind === "microphone") {
        this.wear(kind, undefined);
        this.patch(kind, { problem: "effect" });
      } else {
        this.release(kind);
        this.patch(kind, { on: false, pending: false, track: undefined, problem: "effect" });
      }
    };
    work.then(processed => {
      if (turn !== this.effectTurn[kind]) {
        processed.stop();
        return;
      }
      this.wear(kind, processed);
      void processed.broken.then(fail);
    }, fail);
  }

  /** From now on this is what others hear or see of a device; its own track where there is no effect. */
  private wear(kind: DeviceKind, processed: Processed | undefined): void {
    const old = this.processed[kind];
    const raw = this.raw[kind];
    const track = processed?.track ?? raw;
    if (raw === undefined || track === undefined) return;
    if (processed === undefined) delete this.processed[kind];
    else this.processed[kind] = processed;
    track.contentHint = kind === "microphone" ? "speech" : "motion";
    if (kind === "microphone") track.enabled = raw.enabled;
    this.patch(kind, { pending: false, problem: undefined, track });
    if (old !== processed) old?.stop();
  }

  /** Whether the microphone's sound goes out. */
  private hear(enabled: boolean): void {
    for (const track of [this.raw.microphone, this.processed.microphone?.track]) {
      if (track !== undefined) track.enabled = enabled;
    }
  }

  /** A device was pulled out: another one takes its place, if there is one. */
  private async lost(kind: DeviceKind): Promise<void> {
    const { on } = this.view.get()[kind];
    this.release(kind);
    this.patch(kind, { on: false, pending: false, track: undefined });
    await this.refresh();
    const { choices } = this.view.get()[kind];
    if (on && choices.length > 0 && !this.stopped) {
      this.patch(kind, { chosen: "" });
      await this.acquire([kind]);
    }
    if (this.raw[kind] === undefined) this.patch(kind, { problem: "unplugged" });
    else this.patch(kind, { replaced: (this.view.get()[kind].replaced ?? 0) + 1 });
  }

  private release(kind: DeviceKind): void {
    this.effectTurn[kind]++;
    this.processed[kind]?.stop();
    delete this.processed[kind];
    const raw = this.raw[kind];
    if (raw === undefined) return;
    delete this.raw[kind];
    raw.onended = null;
    raw.stop();
  }

  private constraints(kinds: readonly DeviceKind[]): MediaStreamConstraints {
    const { microphone, camera } = this.view.get();
    return {
      audio: kinds.includes("microphone") && {
        ...wish(microphone.chosen),
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
      },
      video: kinds.includes("camera") && {
        ...wish(camera.chosen),
        ...this.size(),
      },
    };
  }

  private size(): MediaTrackConstraints {
    return this.small
      ? { width: { ideal: 320 }, height: { ideal: 180 }, frameRate: { ideal: 15, max: 15 } }
      : { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
  }

  private patch(kind: DeviceKind, change: Partial<DeviceView>): void {
    const view = this.view.get();
    this.view.set({ ...view, [kind]: { ...view[kind], ...change } });
  }
}

function choicesOf(all: readonly MediaDeviceInfo[], kind: MediaDeviceKind): DeviceChoice[] {
  return all
    .filter(device => device.kind === kind && device.deviceId !== "")
    .map(device => ({ id: device.deviceId, label: device.label }));
}

/** What an error of getUserMedia means. */
export function problemOf(error: unknown): DeviceProblem {
  switch ((error as { name?: unknown } | null)?.name) {
    case "NotAllowedError":
      return "denied";
    case "SecurityError":
      return "insecure";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "failed";
  }
}

/** Only wished for, not required: a device that is gone is replaced by another. */
function wish(id: string): MediaTrackConstraints {
  return id === "" ? {} : { deviceId: { ideal: id } };
}

function offPreference(kind: DeviceKind): Preference {
  return kind === "microphone" ? "microphone_off" : "camera_off";
}

/** Undefined on pages that are not secure, whatever the types say. */
function mediaDevices(): MediaDevices | undefined {
  return navigator.mediaDevices as MediaDevices | undefined;
}

/** Whether one of the two was allowed before: then asking for it alone shows no second question. */
async function someAllowed(): Promise<boolean> {
  const states = await Promise.all(
    ["microphone", "camera"].map(name =>
      navigator.permissions
        .query({ name: name as PermissionName })
        .then(status => status.state)
        .catch(() => "unknown"),
    ),
  );
  return states.includes("granted");
}
