/** What plays the others' sound, where the browser lets a page choose. */
import { errorOf, report } from "../report.js";
import { choicesOf, mediaDevices } from "./device-access.js";
import type { DeviceChoice, SpeakerView } from "./device-view.js";
import { Observable } from "./observable.js";
import { recall, remember } from "./preferences.js";

/** Firefox shows a list of its own, and tells a page of those speakers only that were chosen in it. */
interface Asking {
  selectAudioOutput?: () => Promise<MediaDeviceInfo>;
}

export class Speaker {
  readonly view = new Observable<SpeakerView>({
    choices: [],
    chosen: recall("speaker"),
    asks: false,
    lost: 0,
  });

  /** What there is now. */
  found(all: readonly MediaDeviceInfo[]): void {
    if (typeof HTMLMediaElement === "undefined" || !("setSinkId" in HTMLMediaElement.prototype)) {
      return;
    }
    const before = this.view.get();
    const choices = choicesOf(all, "audiooutput");
    const lost = isThere(before) && !isThere({ ...before, choices });
    if (lost) report("device-lost", { kind: "speaker", replaced: true });
    this.view.patch({ choices, asks: asking() !== undefined, lost: before.lost + (lost ? 1 : 0) });
  }

  choose(id: string): void {
    remember("speaker", id);
    this.view.patch({ chosen: id });
  }

  /** Has the browser ask the person, in a click. One who changes their mind keeps what was chosen. */
  async ask(): Promise<void> {
    try {
      const { deviceId: id, label } = (await asking()?.()) ?? { deviceId: "", label: "" };
      if (id === "") return;
      const { choices } = this.view.get();
      const known: readonly DeviceChoice[] = choices.some(choice => choice.id === id)
        ? choices
        : [...choices, { id, label }];
      this.view.patch({ choices: known });
      this.choose(id);
    } catch (error) {
      report("speaker-not-chosen", errorOf(error));
    }
  }
}

/** The id of the one to play through. One that is gone would leave the person without any sound. */
export function speakerInUse(view: SpeakerView): string {
  return isThere(view) ? view.chosen : "";
}

function isThere({ choices, chosen }: SpeakerView): boolean {
  return chosen !== "" && choices.some(({ id }) => id === chosen);
}

function asking(): (() => Promise<MediaDeviceInfo>) | undefined {
  const devices = mediaDevices() as (MediaDevices & Asking) | undefined;
  return devices?.selectAudioOutput?.bind(devices);
}
