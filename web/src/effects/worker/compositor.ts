/** Draws the person before something else. */
import type { Picture } from "./core.js";
import type { Behind } from "./messages.js";
import { Pace } from "./pace.js";

export class Compositor {
  private readonly pace = new Pace();
  /** As small as the network wants it. Read back each time, so better not on the graphics card. */
  private readonly small: OffscreenCanvasRenderingContext2D;
  private readonly mask: OffscreenCanvasRenderingContext2D;
  private readonly blurred: OffscreenCanvasRenderingContext2D;
  private readonly output: OffscreenCanvasRenderingContext2D;
  private count = 0;

  constructor(
    private readonly picture: Picture,
    private readonly behind: Behind,
  ) {
    const { width, height } = picture;
    this.small = context(width, height, { willReadFrequently: true, alpha: false });
    this.mask = context(width, height, {});
    this.blurred = context(width, height, { alpha: false });
    this.output = context(1, 1, {});
  }

  /** The picture as others may see it. The canvas is the same each time. `width` and `height` are as it is shown. */
  draw(frame: VideoFrame | ImageBitmap, width: number, height: number): OffscreenCanvas {
    const start = performance.now();
    if (this.count % this.pace.effort.every === 0) this.look(frame);
    this.count++;
    const canvas = this.fit(width, height);
    const { output } = this;
    output.globalCompositeOperation = "copy";
    output.drawImage(this.mask.canvas, 0, 0, canvas.width, canvas.height);
    output.globalCompositeOperation = "source-in";
    output.drawImage(frame, 0, 0, canvas.width, canvas.height);
    output.globalCompositeOperation = "destination-over";
    if (this.behind.type === "blur") {
      output.drawImage(this.blurred.canvas, 0, 0, canvas.width, canvas.height);
    } else {
      cover(output, this.behind.image);
    }
    this.pace.took(performance.now() - start);
    return canvas;
  }

  /** Finds the person. */
  private look(frame: VideoFrame | ImageBitmap): void {
    const { width, height } = this.picture;
    this.small.drawImage(frame, 0, 0, width, height);
    const mask = this.picture.mask(this.small.getImageData(0, 0, width, height).data);
    this.mask.putImageData(new ImageData(mask, width, height), 0, 0);
    if (this.behind.type !== "blur") return;
    this.blurred.putImageData(new ImageData(this.picture.blurred(), width, height), 0, 0);
  }

  private fit(width: number, height: number): OffscreenCanvas {
    const { canvas } = this.output;
    const scale = Math.min(1, this.pace.effort.side / Math.max(width, height));
    // Encoders want even numbers.
    const [across, down] = [width, height].map(
      side => 2 * Math.max(1, Math.round((side * scale) / 2)),
    );
    if (across !== undefined && canvas.width !== across) canvas.width = across;
    if (down !== undefined && canvas.height !== down) canvas.height = down;
    return canvas;
  }
}

/** Draws an image over everything, and cuts off what does not fit. */
function cover(output: OffscreenCanvasRenderingContext2D, image: ImageBitmap): void {
  const { width, height } = output.canvas;
  const scale = Math.max(width / image.width, height / image.height);
  const [across, down] = [image.width * scale, image.height * scale];
  output.drawImage(image, (width - across) / 2, (height - down) / 2, across, down);
}

function context(
  width: number,
  height: number,
  settings: { willReadFrequently?: boolean; alpha?: boolean },
): OffscreenCanvasRenderingContext2D {
  const made = new OffscreenCanvas(width, height).getContext("2d", settings);
  if (made === null) throw new Error("no canvas can be had");
  made.imageSmoothingQuality = "medium";
  return made;
}
