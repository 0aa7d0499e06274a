/** Blur or an image behind the person before the camera, in a worker of its own. */
import type { Processed } from "../call/processed.js";
import type { Behind, FromBackground, ToBackground } from "./worker/messages.js";

/** What can be put behind a person; `image` is the address of a picture of this page, or a data URL. */
export type Backdrop =
  { readonly type: "blur" } | { readonly type: "image"; readonly image: string };

/** The larger side of an image behind a person: no picture is sent larger. */
const IMAGE_SIDE = 1280;

/** Chromium's streams of pictures, which TypeScript's libraries lack. */
interface TrackStreams {
  MediaStreamTrackProcessor?: new (options: { track: MediaStreamTrack }) => {
    readonly readable: ReadableStream<VideoFrame>;
  };
  MediaStreamTrackGenerator?: new (options: { kind: "video" }) => MediaStreamTrack & {
    readonly writable: WritableStream<VideoFrame>;
  };
}

/** How long it may take to load, and then again to the first picture: the camera is off meanwhile. */
const PATIENCE_MS = 30_000;

/** Resolves once there is a picture in which the background is covered; rejects if there is none in time. */
export async function withBackground(
  track: MediaStreamTrack,
  backdrop: Backdrop,
  patienceMs = PATIENCE_MS,
): Promise<Processed> {
  const [module, model, behind] = await inTime(
    Promise.all([
      load(EFFECTS_WASM_URL).then(WebAssembly.compileStreaming),
      load(modelFor(track)).then(response => response.arrayBuffer()),
      prepare(backdrop),
    ]),
    patienceMs,
  );
  const worker = new Worker(BACKGROUND_WORKER_URL, { type: "module", name: "tangelo-background" });
  const way = streaming(track) ?? painting(track, worker);
  let stopped = false;
  const stop = () => {
    stopped = true;
    worker.terminate();
    way.stop();
    way.track.stop();
  };
  const first = new Promise<Processed>((resolve, reject) => {
    const broken = new Promise<Error>(resolve => {
      const fail = (error: Error) => {
        if (stopped) return;
        // Those who wait for the first picture hear it from the one, those who have it from the other.
        reject(error);
        resolve(error);
        stop();
      };
      worker.onerror = () => fail(new Error("the background's worker failed"));
      worker.addEventListener("message", ({ data }: MessageEvent<FromBackground>) => {
        if (data.type === "failed") fail(new Error(data.text));
      });
    });
    worker.addEventListener("message", ({ data }: MessageEvent<FromBackground>) => {
      if (data.type === "ready") resolve({ track: way.track, stop, broken });
    });
    const start: ToBackground = { type: "start", module, model, behind, streams: way.streams };
    worker.postMessage(start, [
      model,
      ...(behind.type === "image" ? [behind.image] : []),
      ...(way.streams === undefined ? [] : [way.streams.readable, way.streams.writable]),
    ]);
  });
  try {
    return await inTime(first, patienceMs);
  } catch (error) {
    stop();
    throw error;
  }
}

/** Rejects what takes longer. */
async function inTime<T>(work: Promise<T>, patienceMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the background took too long")), patienceMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** How pictures come to the worker and back. */
interface Way {
  readonly track: MediaStreamTrack;
  readonly streams: (ToBackground & { type: "start" })["streams"];
  stop(): void;
}

/** Past the page altogether, in Chromium. */
function streaming(track: MediaStreamTrack): Way | undefined {
  const { MediaStreamTrackProcessor, MediaStreamTrackGenerator } = globalThis as TrackStreams;
  if (MediaStreamTrackProcessor === undefined || MediaStreamTrackGenerator === undefined) return;
  // A track of its own, which ends with the effect and not with the camera.
  const source = track.clone();
  const { readable } = new MediaStreamTrackProcessor({ track: source });
  const made = new MediaStreamTrackGenerator({ kind: "video" });
  const streams = { readable, writable: made.writable };
  return { track: made, streams, stop: () => source.stop() };
}

/** Through a video and a canvas that nobody sees. The worker asks: its timers go on in a hidden tab. */
function painting(track: MediaStreamTrack, worker: Worker): Way {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  // Where it does not play, no picture comes, in time or ever.
  video.play().catch(() => undefined);
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("bitmaprenderer");
  const [made] = canvas.captureStream().getVideoTracks();
  if (context === null || made === undefined) throw new Error("no canvas can be captured");
  const answer = async () => {
    // A camera that is just being opened has no picture yet.
    const picture = await createImageBitmap(video).catch(() => undefined);
    const message: ToBackground = { type: "picture", picture };
    worker.postMessage(message, picture === undefined ? [] : [picture]);
  };
  worker.addEventListener("message", ({ data }: MessageEvent<FromBackground>) => {
    if (data.type === "next") void answer();
    if (data.type !== "picture") return;
    if (canvas.width !== data.picture.width) canvas.width = data.picture.width;
    if (canvas.height !== data.picture.height) canvas.height = data.picture.height;
    context.transferFromImageBitmap(data.picture);
  });
  const stop = () => {
    video.srcObject = null;
  };
  return { track: made, streams: undefined, stop };
}

/** There is a model for wide pictures, and one for all others. */
function modelFor(track: MediaStreamTrack): string {
  const { width = 16, height = 9 } = track.getSettings();
  return width / height > 1.5 ? WIDE_MODEL_URL : SQUARE_MODEL_URL;
}

async function prepare(backdrop: Backdrop): Promise<Behind> {
  if (backdrop.type === "blur") return backdrop;
  return { type: "image", image: await createImageBitmap(await drawn(backdrop.image, IMAGE_SIDE)) };
}

/** An image on a canvas, its larger side at most so long. */
export async function drawn(address: string, side: number): Promise<HTMLCanvasElement> {
  const image = new Image();
  image.src = address;
  await image.decode();
  const { naturalWidth, naturalHeight } = image;
  const scale = Math.min(1, side / Math.max(naturalWidth, naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(naturalHeight * scale));
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("no canvas can be had");
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}

async function load(address: string): Promise<Response> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response;
}
