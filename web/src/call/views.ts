/** What the server is told of the pictures in sight. Pure. */
import type { View } from "../generated/View.js";
import type { MediaMode } from "./media-mode.js";

/** A place on the screen in which somebody's picture is seen. */
export interface Place {
  readonly client: string;
  readonly source: "camera" | "screen";
  /** In pixels of the screen. */
  readonly height: number;
  /** Whether it is the large one. */
  readonly large: boolean;
}

/** Heights are told in these steps, so that little is said while somebody draws at a window's edge. */
const STEP_PX = 90;
const HEIGHT_MAX_PX = 24 * STEP_PX;
/** Who saves data sees people small, however large their place is. */
const SAVER_HEIGHT_MAX_PX = 2 * STEP_PX;
/** Rust: tangelo_wire's `VIEWS_MAX`. */
const VIEWS_MAX = 400;

/** Each picture once, as large as its largest place. */
export function viewsOf(places: readonly Place[], mode: MediaMode): View[] {
  const views = new Map<string, View>();
  for (const { client, source, height, large } of places) {
    if (height <= 0 || !isReceived(source, large, mode)) continue;
    const most = mode === "saver" && source === "camera" ? SAVER_HEIGHT_MAX_PX : HEIGHT_MAX_PX;
    const told = Math.min(most, Math.ceil(height / STEP_PX) * STEP_PX);
    const other = views.get(`${source} ${client}`);
    views.set(`${source} ${client}`, {
      client,
      source,
      height: Math.max(told, other?.height ?? 0),
      ...((large || other?.pinned === true) && { pinned: true }),
    });
  }
  return [...views.values()].slice(0, VIEWS_MAX);
}

/** As `receivedIn` has it. */
function isReceived(source: Place["source"], large: boolean, mode: MediaMode): boolean {
  return source === "screen" || mode === "full" || (mode === "saver" && large);
}
