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
