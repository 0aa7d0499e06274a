/** The background's worker: its timers go on in a hidden tab, and pictures need nothing of the page's thread. */
import { Compositor } from "./compositor.js";
import { Picture } from "./core.js";
import type { FromBackground, ToBackground } from "./messages.js";

/** Pictures a second that the page is asked for, where they do not come by themselves. */
const RATE = 30;

let compositor: Compositor | undefined;

self.onmessage = ({ data }: MessageEvent<ToBackground>) => {
  try {
    if (data.type === "start") start(data);
    else paint(data.picture);
  } catch (error) {
    fail(error);
  }
};

function start({ module, model, behind, streams }: ToBackground & { type: "start" }): void {
  compositor = new Compositor(new Picture(module, model), behind);
  if (streams === undefined) post({ type: "next" });
  else pass(compositor, streams).catch(fail);
}

/** From the one stream to the other, until the first ends. */
async function pass(
  compositor: Compositor,
  streams: { readable: ReadableStream<VideoFrame>; writable: WritableStream<VideoFrame> },
): Promise<void> {
  const reader = streams.readable.getReader();
  const writer = streams.writable.getWriter();
  for (let first = true; ; first = false) {
    const { done, value: frame } = await reader.read();
    if (done) return;
    let drawn: VideoFrame;
    try {
      const canvas = compositor.draw(frame, frame.displayWidth, frame.displayHeight);
      drawn = new VideoFrame(canvas, { timestamp: frame.timestamp, alpha: "discard" });
    } finally {
      frame.close();
    }
    await writer.write(drawn);
    if (first) post({ type: "ready" });
  }
}

let ready = false;
let asked = performance.now();

/** One picture from the page, and back to it. */
function paint(picture: ImageBitmap | undefined): void {
  if (picture !== undefined && compositor !== undefined) {
    const canvas = compositor.draw(picture, picture.width, picture.height);
    picture.close();
    const made = canvas.transferToImageBitmap();
    post({ type: "picture", picture: made }, [made]);
    if (!ready) post({ type: "ready" });
    ready = true;
  }
  const wait = Math.max(0, asked + 1000 / RATE - performance.now());
  setTimeout(() => {
    asked = performance.now();
    post({ type: "next" });
  }, wait);
}

function fail(error: unknown): void {
  post({ type: "failed", text: String(error) });
}

function post(message: FromBackground, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}
