/** Two short tones for who comes and who leaves, made here: nothing is loaded. */
import { recall, remember } from "../call/preferences.js";
import { errorOf, report } from "../report.js";

const VOLUME = 0.05;
const TONE_S = 0.14;
const TONES = { joined: [523, 784], left: [587, 392] } as const;

let context: AudioContext | undefined;

export function soundsOn(): boolean {
  return recall("sounds_off") === "";
}

export function turnSounds(on: boolean): void {
  remember("sounds_off", on ? "" : "off");
}

/** Silent where the browser holds sound back: a sound is never the only sign. */
export function playSound(kind: keyof typeof TONES): void {
  if (!soundsOn()) return;
  try {
    context ??= new AudioContext();
    const { currentTime, destination } = context;
    TONES[kind].forEach((frequency, index) => {
      if (context === undefined) return;
      const start = currentTime + index * TONE_S;
      const tone = context.createOscillator();
      const gain = context.createGain();
      tone.frequency.value = frequency;
      gain.gain.setValueAtTime(0, start);
      gain.gain.linearRampToValueAtTime(VOLUME, start + 0.02);
      gain.gain.linearRampToValueAtTime(0, start + TONE_S);
      tone.connect(gain).connect(destination);
      tone.start(start);
      tone.stop(start + TONE_S);
    });
  } catch (error) {
    report("no-sound", errorOf(error));
  }
}
