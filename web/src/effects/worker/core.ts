/** What crates/effects-wasm exports, with its memory. An instance has one sound or one picture. */

/** Samples of a frame of sound, 10 ms at 48 kHz. */
export const FRAME = 480;

interface Exports {
  readonly memory: WebAssembly.Memory;
  noise_start(): number;
  noise_process(): void;
  model_memory(bytes: number): number;
  picture_start(): number;
  picture_width(): number;
  picture_height(): number;
  picture_pixels(): number;
  picture_mask(): number;
  picture_segment(): void;
  picture_blur(): void;
}

/** Takes noise out of sound, frame by frame. */
export class Noise {
  private readonly exports: Exports;
  private readonly address: number;

  constructor(module: WebAssembly.Module) {
    this.exports = instantiate(module);
    this.address = this.exports.noise_start();
  }

  /** In place. */
  process(frame: Float32Array): void {
    // A new view each time: memory that grew has left the old one without bytes.
    const memory = new Float32Array(this.exports.memory.buffer, this.address, FRAME);
    memory.set(frame);
    this.exports.noise_process();
    frame.set(memory);
  }
}

/** Tells a person from the background. Looks at pictures of `width` x `height`. */
export class Picture {
  readonly width: number;
  readonly height: number;
  private readonly exports: Exports;

  constructor(module: WebAssembly.Module, model: ArrayBuffer) {
    this.exports = instantiate(module);
    const address = this.exports.model_memory(model.byteLength);
    new Uint8Array(this.exports.memory.buffer).set(new Uint8Array(model), address);
    if (this.exports.picture_start() === 0) throw new Error("the model file is none");
    this.width = this.exports.picture_width();
    this.height = this.exports.picture_height();
  }

  /** Where the person is in the picture: RGBA, of which A is 255 there. The pixels stay for `blurred`. */
  mask(pixels: Uint8ClampedArray): Uint8ClampedArray<ArrayBuffer> {
    this.bytes(this.exports.picture_pixels()).set(pixels);
    this.exports.picture_segment();
    return this.bytes(this.exports.picture_mask()).slice();
  }

  /** The picture that `mask` saw last, blurred, without the person. */
  blurred(): Uint8ClampedArray<ArrayBuffer> {
    this.exports.picture_blur();
    return this.bytes(this.exports.picture_pixels()).slice();
  }

  private bytes(address: number): Uint8ClampedArray<ArrayBufferLike> & {
    slice(): Uint8ClampedArray<ArrayBuffer>;
  } {
    const count = 4 * this.width * this.height;
    return new Uint8ClampedArray(this.exports.memory.buffer, address, count);
  }
}

function instantiate(module: WebAssembly.Module): Exports {
  return new WebAssembly.Instance(module).exports as unknown as Exports;
}
