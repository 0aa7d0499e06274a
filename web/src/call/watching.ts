/** Tells the server what is in sight: at once, but no more than a few times a second. */
import type { View } from "../generated/View.js";

/** A change that comes sooner after another waits. */
const PAUSE_MS = 250;

export class Watching {
  private views: readonly View[] | undefined;
  /** What was told last, as JSON. */
  private told = "";
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly tell: (views: View[]) => void,
    private readonly pauseMs = PAUSE_MS,
  ) {}

  /** This is in sight now. */
  watch(views: readonly View[]): void {
    this.views = views;
    if (this.timer === undefined) this.say();
  }

  /** How tall a picture's place is; 0 if it has none. Nothing until something was said. */
  heightOf(client: string, source: string): number | undefined {
    const isIt = (view: View) => view.client === client && view.source === source;
    return this.views && (this.views.find(isIt)?.height ?? 0);
  }

  /** Says it once more, to a worker that may not know. */
  again(): void {
    this.told = "";
    if (this.views !== undefined && this.timer === undefined) this.say();
  }

  end(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.views = undefined;
  }

  private say(): void {
    const { views } = this;
    if (views === undefined) return;
    const words = JSON.stringify(views);
    if (words === this.told) return;
    this.told = words;
    this.tell([...views]);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.say();
    }, this.pauseMs);
  }
}
