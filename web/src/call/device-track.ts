/** What others hear or see of one device: its own track, or that track after an effect. */
import type { DeviceKind, DeviceView } from "./device-view.js";
import type { Processed, TrackEffects } from "./processed.js";

export class DeviceTrack {
  /** The device's own track, which nobody sees where there is an effect. */
  private own: MediaStreamTrack | undefined;
  private processed: Processed | undefined;
  /** Counts effects, so that one that was overtaken is stopped. */
  private turn = 0;

  constructor(
    private readonly kind: DeviceKind,
    private readonly effects: TrackEffects | undefined,
    private readonly patch: (change: Partial<DeviceView>) => void,
    /** The device was pulled out. */
    private readonly lost: () => void,
  ) {}

  /** The device's own track, without any effect. */
  get raw(): MediaStreamTrack | undefined {
    return this.own;
  }

  /** Takes the place of an earlier track. */
  put(track: MediaStreamTrack): void {
    this.release();
    this.own = track;
    track.onended = () => this.lost();
  }

  /**
   * Puts the chosen effect on the track. A microphone is heard without it until it works; a camera whose background is to
   * be covered is not seen before that.
   */
  dress(): void {
    const { kind, own } = this;
    if (own === undefined) return;
    const turn = ++this.turn;
    const work = this.effects?.process(kind, own);
    if (work === undefined) {
      this.wear(undefined);
      return;
    }
    if (kind === "microphone") this.wear(this.processed);
    else if (this.processed === undefined) this.patch({ track: undefined, pending: true });
    const fail = () => {
      if (turn !== this.turn) return;
      if (kind === "microphone") {
        this.wear(undefined);
        this.patch({ problem: "effect" });
      } else {
        this.release();
        this.patch({ on: false, pending: false, track: undefined, problem: "effect" });
      }
    };
    work.then(processed => {
      if (turn !== this.turn) {
        processed.stop();
        return;
      }
      this.wear(processed);
      void processed.broken.then(fail);
    }, fail);
  }

  /** Whether the microphone's sound goes out. */
  hear(enabled: boolean): void {
    for (const track of [this.own, this.processed?.track]) {
      if (track !== undefined) track.enabled = enabled;
    }
  }

  /** Gives the device back. */
  release(): void {
    this.turn++;
    this.processed?.stop();
    this.processed = undefined;
    const { own } = this;
    if (own === undefined) return;
    this.own = undefined;
    own.onended = null;
    own.stop();
  }

  /** From now on this is what others hear or see; the device's own track where there is no effect. */
  private wear(processed: Processed | undefined): void {
    const { kind, own, processed: old } = this;
    const track = processed?.track ?? own;
    if (own === undefined || track === undefined) return;
    this.processed = processed;
    track.contentHint = kind === "microphone" ? "speech" : "motion";
    if (kind === "microphone") track.enabled = own.enabled;
    this.patch({ pending: false, problem: undefined, track });
    if (old !== processed) old?.stop();
  }
}
