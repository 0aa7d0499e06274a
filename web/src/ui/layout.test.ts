import assert from "node:assert/strict";
import { test } from "node:test";
import { hueOf, initialsOf } from "./avatar.js";
import { capacityOf, gridOf, splitOf, stripCapacityOf } from "./layout.js";

const GAP = 12;

test("any number of tiles fits any window", () => {
  for (const [width, height] of [
    [320, 480],
    [844, 250],
    [1280, 640],
    [3840, 2000],
  ] as const) {
    for (let count = 1; count <= 200; count++) {
      const { columns, rows, tileWidth, tileHeight } = gridOf(count, width, height, GAP);
      const what = `${count} tiles in ${width} x ${height}`;
      assert(columns * rows >= count, what);
      assert(columns * tileWidth + (columns - 1) * GAP <= width, what);
      assert(rows * tileHeight + (rows - 1) * GAP <= height, what);
    }
  }
});

test("two people sit side by side on a desktop and one above the other on a phone", () => {
  assert.equal(gridOf(2, 1280, 640, GAP).columns, 2);
  assert.equal(gridOf(2, 320, 560, GAP).columns, 1);
});

test("a window of no size yields tiles of no size", () => {
  const { tileWidth, tileHeight } = gridOf(3, 0, 0, GAP);
  assert.equal(tileWidth * tileHeight, 0);
});

test("initials are the first letters of first and last name", () => {
  assert.equal(initialsOf("Ada King Lovelace"), "AL");
  assert.equal(initialsOf("  zoë "), "Z");
  assert.equal(initialsOf("李明"), "李");
  assert.equal(initialsOf("👩‍🚀 Sally"), "👩‍🚀S");
  assert.equal(initialsOf(" "), "?");
});

test("a hue is one of twelve and belongs to the identity", () => {
  const seen = new Set<number>();
  for (let index = 0; index < 200; index++) seen.add(hueOf(`identity ${index}`));
  assert.equal(seen.size, 12);
  assert.equal(hueOf("a"), hueOf("a"));
});

test("a window holds as many tiles of the least size as fit, and never none", () => {
  assert.equal(capacityOf(320, 400, 8), 2 * 4);
  assert.equal(capacityOf(10, 10, 8), 1);
  assert(capacityOf(1_400, 800, 12) >= 49);
});

test("large area and strip fit into the window, whatever its form", () => {
  for (const [width, height] of [
    [1_200, 700],
    [320, 560],
    [800, 800],
  ] as const) {
    const { side, mainWidth, mainHeight, tileWidth, tileHeight } = splitOf(width, height, 10);
    assert(mainWidth + (side === "end" ? tileWidth + 10 : 0) <= width);
    assert(mainHeight + (side === "bottom" ? tileHeight + 10 : 0) <= height);
    assert(mainWidth * mainHeight > 0.6 * width * height);
  }
});

test("as many tiles of the strip are in sight as fit beside or below what is large", () => {
  for (const [width, height] of [
    [1_280, 700],
    [360, 640],
    [10, 10],
  ] as const) {
    const { side, tileWidth, tileHeight } = splitOf(width, height, 12);
    const count = stripCapacityOf(width, height, 12);
    const [tile, room] = side === "end" ? [tileHeight, height] : [tileWidth, width];
    assert(count === 1 || count * (tile + 12) - 12 <= room);
    assert((count + 1) * (tile + 12) - 12 > room);
  }
});
