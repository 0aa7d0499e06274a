/** Microphone and camera of this device: finding, opening, switching, closing. Lives through lobby and call. */
import type { CameraLoan } from "./camera-loan.js";
import {
  choicesOf,
  constraintsOf,
  mediaDevices,
  pictureSize,
  problemOf,
  type Wish,
  asked,
  someAllowed,
} from "./device-access.js";
import { DeviceTrack } from "./device-track.js";
import type { DeviceKind, DeviceView, DevicesView, SpeakerView } from "./device-view.js";
import { Observable } from "./observable.js";
import { type Preference, recall, remember } from "./preferences.js";
import type { TrackEffects } from "./processed.js";
import { Speaker } from "./speaker.js";
import { errorOf, report } from "../report.js";

export type {
  DeviceChoice,
  DeviceKind,
  DeviceProblem,
  DeviceView,
  DevicesView,
  SpeakerView,
} from "./device-view.js";

export class Devices {
  readonly view: Observable<DevicesView>;
  private readonly output = new Speaker();
  readonly speaker: Observable<SpeakerView> = this.output.view;
  private stopped = false;
  private small = false;
  /** Counts acquisitions, so that one that was overtaken gives its device back. */
  private readonly turn = { microphone: 0, camera: 0 };
  private readonly tracks: Readonly<Record<DeviceKind, DeviceTrack>>;
  private readonly loans = new Set<CameraLoan>();
  /** How many there were when they were last looked for, also those of which the browser does not say more. */
  private readonly count: Partial<Record<DeviceKind, number>> = {};

  constructor(effects?: TrackEffects) {
    const track = (kind: DeviceKind) =>
      new DeviceTrack(
        kind,
        effects,
        change => this.patch(kind, change),
        () => void this.lost(kind),
      );
    this.tracks = { microphone: track("microphone"), camera: track("camera") };
    if (effects !== undefined) effects.changed = kind => this.tracks[kind].dress();
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

  /**
   * Opens what was on last time, and nothing that `on` says was off just now; asks for permission once for both where that is possible.
   */
  async start(on?: Readonly<Record<DeviceKind, boolean>>): Promise<void> {
    if (mediaDevices() === undefined) {
      this.patch("microphone", { problem: "insecure" });
      this.patch("camera", { problem: "insecure" });
      return;
    }
    mediaDevices()?.addEventListener("devicechange", this.refresh);
    const kinds = (["microphone", "camera"] as const).filter(
      kind => recall(offPreference(kind)) === "" && on?.[kind] !== false,
    );
    // So that it is known whether what was chosen last time is there.
    await this.refresh();
    await this.acquire(kinds);
    await this.refresh();
  }

  /** Gives all devices back. */
  stop(): void {
    this.stopped = true;
    mediaDevices()?.removeEventListener("devicechange", this.refresh);
    for (const kind of ["microphone", "camera"] as const) {
      this.tracks[kind].release();
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
      this.tracks.microphone.hear(false);
      this.patch(kind, { on: false, pending: false });
    } else {
      this.tracks[kind].release();
      this.patch(kind, { on: false, pending: false, track: undefined });
    }
  }

  private async turnOn(kind: DeviceKind): Promise<void> {
    if (kind === "microphone" && this.view.get().microphone.track !== undefined) {
      this.tracks.microphone.hear(true);
      this.patch(kind, { on: true });
      return;
    }
    await this.acquire([kind]);
    await this.refresh();
  }

  /** A small picture, which takes less of the network, or again a large one. */
  setSmall(small: boolean): void {
    this.small = small;
    void this.tracks.camera.raw
      ?.applyConstraints(pictureSize(small))
      .catch((error: unknown) => report("camera-size-refused", errorOf(error)));
  }

  /** Uses this device from now on. */
  async choose(kind: DeviceKind, id: string): Promise<void> {
    remember(kind, id);
    const { on } = this.view.get()[kind];
    this.patch(kind, { chosen: id });
    if (!on) {
      // A silent track of the old device must not come back.
      this.tracks[kind].release();
      this.patch(kind, { track: undefined });
      return;
    }
    await this.acquire([kind]);
  }

  /** To read a code with, whether the camera is on or off; neither that nor the call notices. */
  async borrowCamera(): Promise<CameraLoan> {
    const { lendCamera } = await import("./camera-loan.js");
    const loan = await lendCamera(this.tracks.camera.raw, asked(this.wish("camera", false)));
    if (this.stopped) loan.giveBack();
    else this.loans.add(loan);
    return {
      stream: loan.stream,
      gone: loan.gone,
      giveBack: () => {
        this.loans.delete(loan);
        loan.giveBack();
      },
    };
  }

  chooseSpeaker(id: string): void {
    this.output.choose(id);
  }

  /** Where the browser has a list of its own; in a click. */
  async askForSpeaker(): Promise<void> {
    await this.output.ask();
  }

  private readonly refresh = async (): Promise<void> => {
    const all = await mediaDevices()
      ?.enumerateDevices()
      .catch((error: unknown) => {
        report("devices-not-listed", errorOf(error));
      });
    if (this.stopped || all === undefined) return;
    for (const kind of ["microphone", "camera"] as const) {
      const source = kind === "microphone" ? "audioinput" : "videoinput";
      const choices = choicesOf(all, source);
      const { choices: before, problem } = this.view.get()[kind];
      this.patch(kind, { choices });
      const count = all.filter(device => device.kind === source).length;
      const first = this.count[kind] === 0 && count > 0;
      this.count[kind] = count;
      // Names appear with the permission: then nothing was plugged in.
      const added = choices.filter(({ id }) => !before.some(old => old.id === id));
      const named = first || before.some(({ label }) => label !== "") ? added[0] : undefined;
      if (first || named !== undefined) {
        this.patch(kind, { plugged: { label: named?.label ?? "", first } });
      }
      const none = problem === "missing" || problem === "unplugged";
      if (first && none) this.patch(kind, { problem: undefined });
    }
    this.output.found(all);
  };

  /** `any`: what was chosen has gone just now. */
  private async acquire(kinds: readonly DeviceKind[], any = false): Promise<void> {
    if (kinds.length === 0) return;
    const devices = mediaDevices();
    if (devices === undefined) {
      for (const kind of kinds) this.patch(kind, { problem: "insecure" });
      return;
    }
    const turns = new Map(kinds.map(kind => [kind, ++this.turn[kind]]));
    for (const kind of kinds) this.patch(kind, { on: true, pending: true, problem: undefined });
    try {
      const wishes = {
        microphone: this.wish("microphone", !any),
        camera: this.wish("camera", !any),
      };
      const stream = await devices.getUserMedia(constraintsOf(kinds, wishes, this.small));
      for (const kind of kinds) {
        const track =
          kind === "microphone" ? stream.getAudioTracks()[0] : stream.getVideoTracks()[0];
        this.take(kind, track, turns.get(kind) === this.turn[kind]);
      }
    } catch (error) {
      const problem = problemOf(error);
      report("device-failed", { kinds: kinds.join(" "), problem, ...errorOf(error) });
      const latest = kinds.every(kind => turns.get(kind) === this.turn[kind]);
      if (!any && latest && errorOf(error).error === "OverconstrainedError") {
        return this.acquire(kinds, true);
      }
      if (kinds.length > 1 && (problem !== "denied" || (await someAllowed()))) {
        // One of the two may still be had.
        for (const kind of kinds) {
          if (turns.get(kind) === this.turn[kind]) await this.acquire([kind]);
        }
        return;
      }
      for (const kind of kinds) {
        if (turns.get(kind) !== this.turn[kind]) continue;
        this.tracks[kind].release();
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
    this.tracks[kind].put(track);
    const chosen = track.getSettings().deviceId ?? "";
    this.patch(kind, { on: true, problem: undefined, chosen });
    this.tracks[kind].dress();
  }

  /** A device was pulled out: another one takes its place, if there is one. */
  private async lost(kind: DeviceKind): Promise<void> {
    const { on } = this.view.get()[kind];
    this.tracks[kind].release();
    this.patch(kind, { on: false, pending: false, track: undefined });
    await this.refresh();
    const { choices } = this.view.get()[kind];
    if (on && choices.length > 0 && !this.stopped) {
      this.patch(kind, { chosen: "" });
      await this.acquire([kind]);
    }
    if (this.tracks[kind].raw === undefined) this.patch(kind, { problem: "unplugged" });
    else this.patch(kind, { replaced: (this.view.get()[kind].replaced ?? 0) + 1 });
    report("device-lost", { kind, replaced: this.tracks[kind].raw !== undefined });
  }

  private wish(kind: DeviceKind, strict: boolean): Wish {
    const { chosen, choices } = this.view.get()[kind];
    return { id: chosen, there: strict && choices.some(({ id }) => id === chosen) };
  }

  private patch(kind: DeviceKind, change: Partial<DeviceView>): void {
    const view = this.view.get();
    this.view.set({ ...view, [kind]: { ...view[kind], ...change } });
  }
}

function offPreference(kind: DeviceKind): Preference {
  return kind === "microphone" ? "microphone_off" : "camera_off";
}
