/** How loud the own microphone is, for the person's own eyes. In large rooms `Spoken` tells it, to members alone. */
import { errorOf, report } from "../report.js";
import { Observable } from "./observable.js";

export interface Voice {
  /** 0 to 1, as a meter shows it. */
  readonly level: number;
  /** Whether somebody speaks into it. */
  readonly speaking: boolean;
}

const QUIET: Voice = { level: 0, speaking: false };
const EVERY_MS = 100;
/** Decibels below full scale, at the two ends of the meter. */
const FLOOR_DB = -60;
const CEILING_DB = -12;
const SPEECH_DB = -42;
/** So many loud rounds within the last ones make speech: a cough or a key does not. */
const LOUD_ROUNDS = 5;
const ROUNDS = 8;

/** Listens to a copy of the track, so that it hears a muted microphone as well, to say that it is muted. */
export class OwnVoice {
  readonly view = new Observable<Voice>(QUIET);
  private track: MediaStreamTrack | undefined;
  private copy: MediaStreamTrack | undefined;
  private context: AudioContext | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  private loud: boolean[] = [];

  listen(track: MediaStreamTrack | undefined): void {
    if (track === this.track) return;
    this.stop();
    this.track = track;
    if (track === undefined) return;
    try {
      this.copy = track.clone();
      this.copy.enabled = true;
      const context = new AudioContext();
      this.context = context;
      const analyser = context.createAnalyser();
      analyser.fftSize = 1024;
      context.createMediaStreamSource(new MediaStream([this.copy])).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      this.timer = setInterval(() => {
        if (context.state === "suspended") void context.resume().catch(() => undefined);
        analyser.getFloatTimeDomainData(samples);
        this.hear(decibels(samples));
      }, EVERY_MS);
    } catch (error) {
      report("level-not-measured", errorOf(error));
    }
  }

  stop(): void {
    clearInterval(this.timer);
    this.copy?.stop();
    void this.context?.close().catch(() => undefined);
    this.track = this.copy = this.context = undefined;
    this.loud = [];
    this.view.set(QUIET);
  }

  private hear(db: number): void {
    this.loud = [...this.loud, db > SPEECH_DB].slice(-ROUNDS);
    const speaking = this.loud.filter(loud => loud).length >= LOUD_ROUNDS;
    const level = Math.round(levelOf(db) * 20) / 20;
    const old = this.view.get();
    if (old.level !== level || old.speaking !== speaking) this.view.set({ level, speaking });
  }
}

/** Where a meter stands at so many decibels. */
export function levelOf(db: number): number {
  return Math.min(1, Math.max(0, (db - FLOOR_DB) / (CEILING_DB - FLOOR_DB)));
}

/** The power of samples between -1 and 1, in decibels below full scale. */
export function decibels(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum === 0 ? -Infinity : 10 * Math.log10(sum / samples.length);
}
