/** A person, drawn with ellipses: nobody's picture is in the repository, and this one the network takes for a person. */

type Colour = readonly [number, number, number];

/** RGBA. With `stripes` the wall behind is striped: what can be seen of the room can be measured. */
export function drawPerson(width: number, height: number, stripes = false): Uint8ClampedArray {
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let py = 0; py < height; py++) {
    for (let px = 0; px < width; px++) {
      const [x, y] = [Math.floor((px * 256) / width), Math.floor((py * 144) / height)];
      const colour = personAt(x, y) ?? wallAt(x, y, stripes);
      pixels.set([...colour, 255], 4 * (py * width + px));
    }
  }
  return pixels;
}

/** In a picture of 256 x 144. */
function personAt(x: number, y: number): Colour | undefined {
  const inside = (cx: number, cy: number, rx: number, ry: number) =>
    ((x - cx) * ry) ** 2 + ((y - cy) * rx) ** 2 < (rx * ry) ** 2;
  const side = Math.abs(x - 128);
  if (inside(128, 63, 3, 6)) return [205, 150, 120];
  if (inside(128, 74, 8, 2)) return [160, 70, 70];
  if (inside(119, 53, 4, 2) || inside(137, 53, 4, 2)) return [40, 30, 30];
  if (inside(128, 58, 22, 29)) return [228 - side, 176 - side, 142 - side];
  if (inside(128, 50, 27, 36)) return [58, 38, 26];
  if (x >= 114 && x < 142 && y >= 74 && y < 100) return [196, 146, 112];
  if (inside(128, 150, 70, 58)) return [46 + (x >> 3), 60, 104 - (y >> 2)];
  return undefined;
}

function wallAt(x: number, y: number, stripes: boolean): Colour {
  const dark = stripes && (x >> 2) % 2 === 0 ? 45 : 0;
  return [150 + (x >> 2) - dark, 170 - (y >> 1) - dark, 150 + (y >> 2) - dark];
}
