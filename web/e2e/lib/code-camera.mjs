// What a fake camera sees while somebody scans: a wall, a QR code, another person's screen.
import { rename, writeFile } from "node:fs/promises";
import encodeQR from "qr";

const WIDTH = 640;
const HEIGHT = 480;
const GREY = 128;
const [BLACK, WHITE] = [16, 235];
/** Light modules around a code, without which scanners do not find it. */
const QUIET = 4;

/** Shows a picture (luma, a byte for each pixel) to whoever opens the camera from now on, as a video (Y4M). */
export async function writeCamera(file, luma) {
  const chroma = Buffer.alloc((WIDTH * HEIGHT) / 2, GREY);
  const frame = Buffer.concat([Buffer.from("FRAME\n"), luma, chroma]);
  const header = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F20:1 Ip A1:1 C420jpeg\n`);
  // Another file in the same place: whoever has the old one open goes on with that.
  await writeFile(`${file}.new`, Buffer.concat([header, frame, frame]));
  await rename(`${file}.new`, file);
}

export const WALL = Buffer.alloc(WIDTH * HEIGHT, GREY);

/** The code of a text. */
export function codeOf(text) {
  const rows = encodeQR(text, "raw", { ecc: "medium", border: QUIET });
  const scale = Math.floor(HEIGHT / rows.length);
  const [left, top] = [WIDTH, HEIGHT].map(edge => Math.floor((edge - rows.length * scale) / 2));
  const luma = Buffer.alloc(WIDTH * HEIGHT, WHITE);
  for (let y = 0; y < rows.length * scale; y++) {
    for (let x = 0; x < rows.length * scale; x++) {
      const dark = rows[Math.floor(y / scale)][Math.floor(x / scale)];
      if (dark) luma[(top + y) * WIDTH + left + x] = BLACK;
    }
  }
  return luma;
}

/** What is drawn on somebody's screen, as a camera before it sees it. `page` is an empty one to compute in. */
export async function pictureOf(element, page) {
  const png = await element.screenshot({ encoding: "base64" });
  const bytes = await page.evaluate(
    async (png, width, height) => {
      const image = new Image();
      image.src = `data:image/png;base64,${png}`;
      await image.decode();
      const canvas = new OffscreenCanvas(width, height);
      const pen = canvas.getContext("2d");
      pen.fillStyle = "white";
      pen.fillRect(0, 0, width, height);
      const scale = Math.min(width / image.width, height / image.height);
      const [across, down] = [image.width * scale, image.height * scale];
      pen.drawImage(image, (width - across) / 2, (height - down) / 2, across, down);
      const { data } = pen.getImageData(0, 0, width, height);
      // Green is most of what is bright.
      return Array.from({ length: width * height }, (_, at) => data[4 * at + 1]);
    },
    png,
    WIDTH,
    HEIGHT,
  );
  return Buffer.from(bytes);
}
