/** Runs on the audio thread: blocks of 128 samples in and out, frames of 480 to the noise suppression and back. */
import { FRAME, Noise } from "./core.js";

// TypeScript's libraries have no AudioWorkletGlobalScope.
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(
  name: string,
  processor: new (options: { processorOptions: { module: WebAssembly.Module } }) => object,
): void;

class NoiseProcessor extends AudioWorkletProcessor {
  private readonly noise: Noise;
  /** Samples that came in and are not yet a frame. */
  private readonly input = new Float32Array(FRAME);
  /** The frame that is going out. Samples take 20 ms from in to out: here, and in the overlapping windows of the network. */
  private readonly output = new Float32Array(FRAME);
  /** How many of `input` are there, which is how many of `output` are gone. */
  private filled = 0;

  constructor(options: { processorOptions: { module: WebAssembly.Module } }) {
    super();
    this.noise = new Noise(options.processorOptions.module);
    this.port.postMessage("ready");
  }

  /** `true` keeps it alive while nothing comes in, as from a microphone that is being changed. */
  process([input]: Float32Array[][], [output]: Float32Array[][]): boolean {
    const from = input?.[0];
    const to = output?.[0];
    if (to === undefined) return true;
    for (let index = 0; index < to.length; index++) {
      to[index] = this.output[this.filled] ?? 0;
      this.input[this.filled] = from?.[index] ?? 0;
      this.filled++;
      if (this.filled < FRAME) continue;
      this.noise.process(this.input);
      this.output.set(this.input);
      this.filled = 0;
    }
    return true;
  }
}

registerProcessor("tangelo-noise", NoiseProcessor);
