// A sound for the fake microphone that is loud for as long as somebody speaks: the browser's own is a beep now and then.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const RATE = 48_000;
const SECONDS = 2;

/** Writes a WAV file (16 bits, mono) with a hum of some overtones, and returns its path. */
export function voiceFile() {
  const samples = RATE * SECONDS;
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write("WAVEfmt ", 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(RATE, 24);
  wav.writeUInt32LE(RATE * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write("data", 36);
  wav.writeUInt32LE(samples * 2, 40);
  for (let at = 0; at < samples; at++) {
    const wave = [150, 300, 450, 900].map(hertz => Math.sin((2 * Math.PI * hertz * at) / RATE));
    const sum = wave.reduce((total, value) => total + value, 0) / wave.length;
    wav.writeInt16LE(Math.round(sum * 12_000), 44 + at * 2);
  }
  const path = join(mkdtempSync(join(tmpdir(), "tangelo-voice-")), "voice.wav");
  writeFileSync(path, wav);
  return path;
}
