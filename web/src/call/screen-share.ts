/** What this device shows of its screen: asking for it, its end, its sound. */
import { errorOf, report } from "../report.js";
import { Observable } from "./observable.js";

export interface ShareView {
  readonly on: boolean;
  readonly pending: boolean;
  readonly problem: "unavailable" | "failed" | undefined;
  /** The picture, for own eyes. */
  readonly track: MediaStreamTrack | undefined;
}

const OFF: ShareView = { on: false, pending: false, problem: undefined, track: undefined };
/**
 * The call's own sound must not come back to everyone through it. Browsers that cannot leave it out are not asked for the
 * whole system's sound, but for that of a tab.
 */
const SOUND = {
  audio: { echoCancellation: false, restrictOwnAudio: true },
  get systemAudio(): "include" | "exclude" {
    const can = navigator.mediaDevices.getSupportedConstraints() as { restrictOwnAudio?: boolean };
    return can.restrictOwnAudio === true ? "include" : "exclude";
  },
};
/** Slides and text need sharp pictures more than many. */
const FRAME_RATE_MAX = 30;

export class ScreenShare {
  readonly view = new Observable<ShareView>(OFF);
  private stream: MediaStream | undefined;
  private over = false;

  /** Whether this browser can: phones cannot. */
  static available(): boolean {
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    return typeof devices?.getDisplayMedia === "function";
  }

  /** Asks the person what to show. A person who changes their mind is no problem. */
  async start(): Promise<void> {
    if (this.view.get().on || this.view.get().pending) return;
    if (!ScreenShare.available()) return this.view.patch({ problem: "unavailable" });
    this.view.set({ ...OFF, pending: true });
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({
        video: { frameRate: { max: FRAME_RATE_MAX } },
        ...SOUND,
      } as DisplayMediaStreamOptions);
    } catch (error) {
      const name = (error as { name?: unknown } | null)?.name;
      const declined = name === "NotAllowedError" || name === "AbortError";
      report("screen-not-shared", { declined, ...errorOf(error) });
      return this.view.set({ ...OFF, problem: declined ? undefined : "failed" });
    }
    const track = stream.getVideoTracks()[0];
    if (this.over || track === undefined) {
      for (const each of stream.getTracks()) each.stop();
      return this.view.set(OFF);
    }
    track.contentHint = "detail";
    track.onended = () => this.stop();
    this.stream = stream;
    this.view.set({ ...OFF, on: true, track });
  }

  /** The sound of what is shown, where the browser gives it. */
  sound(): MediaStreamTrack | undefined {
    return this.stream?.getAudioTracks()[0];
  }

  stop(): void {
    for (const track of this.stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.stream = undefined;
    this.view.set(OFF);
  }

  /** For good. */
  end(): void {
    this.over = true;
    this.stop();
  }
}
