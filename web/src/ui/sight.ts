/** Which of the others' pictures are in sight, and how large: what is not need not be received. */
import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Place } from "../call/views.js";

/** Whoever comes back from another tab sooner than this finds the pictures as they were. */
const HIDDEN_WAIT_MS = 5_000;
const OTHERS = ".tile:not([data-own=true])";

/** Tells of every tile of others in the stage, after each drawing and whenever one's size or place changes. */
export function useSight(
  stage: RefObject<HTMLElement | null>,
  main: string | undefined,
  tell: (places: readonly Place[]) => void,
): void {
  const sight = useRef<Sight | undefined>(undefined);
  useEffect(() => {
    const { current } = stage;
    if (current === null) return;
    sight.current ??= new Sight(current, tell);
    sight.current.look(main);
  });
  useEffect(() => () => sight.current?.end(), []);
}

class Sight {
  private readonly sizes = new ResizeObserver(() => this.tellAll());
  private readonly crossings: IntersectionObserver;
  private tiles = new Set<HTMLElement>();
  private readonly inSight = new Set<Element>();
  private main: string | undefined;
  /** The picture that has a window of its own. */
  private apart: { video: HTMLVideoElement; window: PictureInPictureWindow } | undefined;
  private hidden = document.hidden;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private told = "";

  constructor(
    private readonly stage: HTMLElement,
    private readonly tell: (places: readonly Place[]) => void,
  ) {
    this.crossings = new IntersectionObserver(entries => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.inSight.add(target);
        else this.inSight.delete(target);
      }
      this.tellAll();
    });
    document.addEventListener("visibilitychange", this.visibility);
    // Both bubble up from the picture.
    stage.addEventListener("enterpictureinpicture", this.leftThePage);
    stage.addEventListener("leavepictureinpicture", this.cameBack);
  }

  /** The stage was drawn. */
  look(main: string | undefined): void {
    this.main = main;
    const tiles = new Set(this.stage.querySelectorAll<HTMLElement>(OTHERS));
    for (const tile of this.tiles) {
      if (tiles.has(tile)) continue;
      this.sizes.unobserve(tile);
      this.crossings.unobserve(tile);
      this.inSight.delete(tile);
    }
    for (const tile of tiles) {
      if (this.tiles.has(tile)) continue;
      // Until the browser says otherwise: a tile that is drawn elsewhere must not lose its picture in between.
      this.inSight.add(tile);
      this.sizes.observe(tile);
      this.crossings.observe(tile);
    }
    this.tiles = tiles;
    // The window of a picture whose tile is no more; that event did not bubble up to the stage.
    if (this.apart !== undefined && !this.stage.contains(this.apart.video)) this.together();
    this.tellAll();
  }

  end(): void {
    this.sizes.disconnect();
    this.crossings.disconnect();
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.visibility);
    this.stage.removeEventListener("enterpictureinpicture", this.leftThePage);
    this.stage.removeEventListener("leavepictureinpicture", this.cameBack);
    this.together();
  }

  private readonly visibility = () => {
    clearTimeout(this.timer);
    const { hidden } = document;
    const settle = () => {
      this.hidden = hidden;
      this.tellAll();
    };
    if (hidden) this.timer = setTimeout(settle, HIDDEN_WAIT_MS);
    else settle();
  };

  private readonly leftThePage = (event: Event) => {
    const { pictureInPictureWindow: window } = event as PictureInPictureEvent;
    this.together();
    this.apart = { video: event.target as HTMLVideoElement, window };
    window.addEventListener("resize", this.tellAll);
    this.tellAll();
  };

  private readonly cameBack = (event: Event) => {
    if (this.apart?.video !== event.target) return;
    this.together();
    this.tellAll();
  };

  private together(): void {
    this.apart?.window.removeEventListener("resize", this.tellAll);
    this.apart = undefined;
  }

  private readonly tellAll = () => {
    // Drawn anew, and not looked at yet: what is gone has no size any more, and what has come is not known.
    if ([...this.tiles].some(tile => !tile.isConnected)) return;
    const places = [...this.tiles].flatMap(tile => this.placeOf(tile));
    const words = JSON.stringify(places);
    if (words === this.told) return;
    this.told = words;
    this.tell(places);
  };

  private placeOf(tile: HTMLElement): Place[] {
    const { client = tile.dataset["share"], share } = tile.dataset;
    if (client === undefined) return [];
    const height = this.heightOf(tile) * devicePixelRatio;
    if (height === 0) return [];
    const large = share === undefined && client === this.main;
    return [{ client, source: share === undefined ? "camera" : "screen", height, large }];
  }

  /** In CSS pixels; 0 where it is not seen. */
  private heightOf(tile: HTMLElement): number {
    if (this.apart !== undefined && tile.contains(this.apart.video))
      return this.apart.window.height;
    // Behind a picture with a window of its own all go on: whose it is changes.
    const hidden = this.hidden && document.pictureInPictureElement === null;
    if (hidden || !this.inSight.has(tile)) return 0;
    // What is shown in full covers all the rest.
    const full = document.fullscreenElement;
    if (full !== null && this.stage.contains(full) && full !== tile) return 0;
    return tile.clientHeight;
  }
}
