/**
 * Tells the core how loudly the person speaks, where more people may speak than anybody hears. The core tells the members, at
 * a pace that does not depend on it.
 */
import { OwnVoice } from "./own-voice.js";

const EVERY_MS = 400;
/** Rust: tangelo_call's `ACTIVITY_MAX`. */
const LEVEL_MAX = 9;

export class Spoken {
  private loudest = 0;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly tell: (level: number) => void,
    private readonly voice: Pick<OwnVoice, "view" | "listen" | "stop"> = new OwnVoice(),
  ) {
    voice.view.subscribe(() => this.hear());
  }

  /** To the microphone while it is on, or to nothing. */
  listen(track: MediaStreamTrack | undefined): void {
    if (track === undefined) return this.stop();
    this.voice.listen(track);
    this.timer ??= setInterval(() => this.round(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.voice.stop();
    this.loudest = 0;
  }

  /** Tells the loudest of the last while. Public for tests. */
  round(): void {
    this.hear();
    if (this.loudest > 0) this.tell(levelOf(this.loudest));
    this.loudest = 0;
  }

  private hear(): void {
    const { level, speaking } = this.voice.view.get();
    if (speaking) this.loudest = Math.max(this.loudest, level);
  }
}

/** From 1 to 9, of what a meter shows. */
export function levelOf(loudness: number): number {
  return Math.min(LEVEL_MAX, Math.max(1, Math.ceil(loudness * LEVEL_MAX)));
}
