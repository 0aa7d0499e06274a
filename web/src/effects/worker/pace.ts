/** How much work is put into a picture, so that enough pictures a second get through. */

/** What is done for a picture. */
export interface Effort {
  /** The person is looked for in every picture, every second, or every third; between them the mask stays. */
  readonly every: number;
  /** Pixels of the larger side at most. */
  readonly side: number;
}

const EFFORTS: readonly [Effort, ...Effort[]] = [
  { every: 1, side: 1280 },
  { every: 2, side: 1280 },
  { every: 2, side: 960 },
  { every: 3, side: 640 },
];

/** A picture may take so long on the mean: 18 a second. */
const SLOW_MS = 55;
/** Under this there is time for more. */
const FAST_MS = 22;
/** What each picture adds to the mean. */
const SHARE = 0.1;
/** Pictures after which an effort may be changed again. */
const SETTLE = 30;

export class Pace {
  private level = 0;
  private mean: number | undefined;
  private since = 0;
  /** Efforts that proved too much are tried again only after longer and longer. */
  private patience = SETTLE;

  get effort(): Effort {
    return EFFORTS[this.level] ?? EFFORTS[0];
  }

  /** A picture took so long. */
  took(ms: number): void {
    this.mean = this.mean === undefined ? ms : this.mean + SHARE * (ms - this.mean);
    this.since++;
    if (this.mean > SLOW_MS && this.since >= SETTLE && this.level < EFFORTS.length - 1) {
      this.change(this.level + 1);
      this.patience = Math.min(this.patience * 4, 10_000);
    } else if (this.mean < FAST_MS && this.since >= this.patience && this.level > 0) {
      this.change(this.level - 1);
    }
  }

  private change(level: number): void {
    this.level = level;
    this.mean = undefined;
    this.since = 0;
  }
}
