// A video of a drawn person in a striped room, for Chromium's fake camera.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const WIDTH = 640;
export const HEIGHT = 360;

/** Writes frames as Y4M (YUV 4:2:0). The person is the one of the unit tests. */
export async function writeDrawnCamera(file) {
  const entry = fileURLToPath(new URL("../../src/effects/worker/test-person.ts", import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], write: false, format: "esm" });
  const source = Buffer.from(outputFiles[0].contents).toString("base64");
  const { drawPerson } = await import(`data:text/javascript;base64,${source}`);
  const frame = toYuv(drawPerson(WIDTH, HEIGHT, true));
  const parts = [Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F20:1 Ip A1:1 C420jpeg\n`)];
  for (let count = 0; count < 2; count++) parts.push(Buffer.from("FRAME\n"), frame);
  await writeFile(file, Buffer.concat(parts));
}

/** BT.601, full range. */
function toYuv(rgba) {
  const luma = Buffer.alloc(WIDTH * HEIGHT);
  const [blue, red] = [0, 1].map(() => Buffer.alloc((WIDTH * HEIGHT) / 4));
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const at = 4 * (y * WIDTH + x);
      const [r, g, b] = [rgba[at], rgba[at + 1], rgba[at + 2]];
      const bright = 0.299 * r + 0.587 * g + 0.114 * b;
      luma[y * WIDTH + x] = Math.round(bright);
      const small = (y >> 1) * (WIDTH / 2) + (x >> 1);
      blue[small] = Math.round(128 + 0.564 * (b - bright));
      red[small] = Math.round(128 + 0.713 * (r - bright));
    }
  }
  return Buffer.concat([luma, blue, red]);
}
