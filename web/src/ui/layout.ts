/** How tiles fill a window without scrolling. Pure. */

export interface Grid {
  readonly columns: number;
  readonly rows: number;
  /** In CSS pixels. */
  readonly tileWidth: number;
  readonly tileHeight: number;
}

const ASPECT_MAX = 16 / 9;
const ASPECT_MIN_LANDSCAPE = 4 / 3;
const ASPECT_MIN_PORTRAIT = 3 / 4;
/** A smaller tile shows nobody any more, in CSS pixels. */
const TILE_MIN_WIDTH = 136;
const TILE_MIN_HEIGHT = 92;

/** The columns with the largest tiles for so many of them in such a window, whose aspect ratio stays pleasant. */
export function gridOf(count: number, width: number, height: number, gap: number): Grid {
  const aspectMin = width < height ? ASPECT_MIN_PORTRAIT : ASPECT_MIN_LANDSCAPE;
  let best: Grid = { columns: 1, rows: Math.max(1, count), tileWidth: 0, tileHeight: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cellWidth = Math.max(0, (width - gap * (columns - 1)) / columns);
    const cellHeight = Math.max(0, (height - gap * (rows - 1)) / rows);
    const tileWidth = Math.floor(Math.min(cellWidth, cellHeight * ASPECT_MAX));
    const tileHeight = Math.floor(Math.min(cellHeight, cellWidth / aspectMin));
    if (tileWidth * tileHeight > best.tileWidth * best.tileHeight) {
      best = { columns, rows, tileWidth, tileHeight };
    }
  }
  return best;
}

/** How many tiles of the least size such a window holds; at least one. */
export function capacityOf(width: number, height: number, gap: number): number {
  const columns = Math.floor((width + gap) / (TILE_MIN_WIDTH + gap));
  const rows = Math.floor((height + gap) / (TILE_MIN_HEIGHT + gap));
  return Math.max(1, columns) * Math.max(1, rows);
}

/** How many tiles of the strip are in sight before it scrolls; at least one. */
export function stripCapacityOf(width: number, height: number, gap: number): number {
  const { side, tileWidth, tileHeight } = splitOf(width, height, gap);
  const tiles =
    side === "end" ? (height + gap) / (tileHeight + gap) : (width + gap) / (tileWidth + gap);
  return Math.max(1, Math.floor(tiles));
}

export interface Split {
  readonly side: "end" | "bottom";
  /** What is shown large, in CSS pixels. */
  readonly mainWidth: number;
  readonly mainHeight: number;
  /** Of each tile in the strip beside or below it. */
  readonly tileWidth: number;
  readonly tileHeight: number;
}

const STRIP_SHARE = 0.2;
const STRIP_MAX_PX = 240;
const STRIP_MIN_PX = 96;

/** A large area and a strip of tiles: beside it in a wide window, below it in a tall one. */
export function splitOf(width: number, height: number, gap: number): Split {
  const side = width > height * 1.1 ? "end" : "bottom";
  const whole = side === "end" ? width : height;
  const strip = Math.round(Math.min(STRIP_MAX_PX, Math.max(STRIP_MIN_PX, whole * STRIP_SHARE)));
  const main = Math.max(0, whole - strip - gap);
  const [tileWidth, tileHeight] =
    side === "end"
      ? [strip, Math.round(strip / ASPECT_MAX)]
      : [Math.round(strip * ASPECT_MIN_LANDSCAPE), strip];
  return side === "end"
    ? { side, mainWidth: main, mainHeight: height, tileWidth, tileHeight }
    : { side, mainWidth: width, mainHeight: main, tileWidth, tileHeight };
}
