// Values of the same thing.
export class Samples {
  values = [];

  push(value) {
    this.values.push(value);
  }

  /** The value that `share` of all values do not exceed. */
  quantile(share) {
    const sorted = [...this.values].sort((a, b) => a - b);
    const place = Math.max(1, Math.ceil(share * sorted.length));
    return sorted[place - 1] ?? 0;
  }
}

/** `100 B`, `6 kB`. */
export function sizeName(bytes) {
  return bytes < 1000 ? `${bytes} B` : `${bytes / 1000} kB`;
}

/** The sizes of frames, in bytes. */
export const SIZES = [100, 1000, 6000, 100_000];
