/** Which layers a camera is sent in, how large each is, and which of them somebody is to get. Pure. */

/** The names of layers, lowest first; Rust: tangelo_wire's `LAYER_RIDS`. */
export const LAYER_RIDS = ["l", "m", "h"] as const;

/** Cameras of fewer pixels are sent in fewer layers: small pictures need no smaller ones. */
const PIXELS_OF_THREE = 960 * 540;
const PIXELS_OF_TWO = 480 * 270;

/** How much a picture of at most so many pixels may take. */
const BITRATES_MAX_BPS: readonly (readonly [pixels: number, bps: number])[] = [
  [320 * 240, 150_000],
  [640 * 360, 500_000],
  [640 * 480, 800_000],
  [Infinity, 1_500_000],
];
const FRAME_RATE_MAX = 30;
/** Who gets the lowest of several layers sees a small picture, or has a bad network. */
const LOWEST_FRAME_RATE_MAX = 15;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What an encoder is told of one layer. */
export interface LayerSettings {
  readonly active: boolean;
  readonly scaleResolutionDownBy: number;
  readonly maxBitrate: number;
  readonly maxFramerate: number;
}

/** Where a track does not say how large it is: two layers, which every browser sends of what is as large or larger. */
export const UNKNOWN_SIZE: Size = { width: 640, height: 360 };

/**
 * The settings of so many encodings, lowest first, for a picture of this size. Chromium leaves out the highest layers of
 * small cameras, so the largest picture is always that of the last layer that is used.
 *
 * `wanted`: the layers that somebody is to get; nothing if that was not said, then it is all. One that is not there stands
 * for the largest that is.
 */
export function layersOf(
  encodings: number,
  { width, height }: Size,
  wanted: readonly number[] | undefined,
): LayerSettings[] {
  const pixels = width * height;
  const useful = pixels >= PIXELS_OF_THREE ? 3 : pixels >= PIXELS_OF_TWO ? 2 : 1;
  const used = Math.min(encodings, useful);
  const active = new Set(wanted?.map(layer => Math.min(layer, used - 1)));
  return Array.from({ length: encodings }, (_, layer) => {
    const down = 2 ** Math.max(0, used - 1 - layer);
    return {
      active: layer < used && (wanted === undefined || active.has(layer)),
      scaleResolutionDownBy: down,
      maxBitrate: bitrateOf(pixels / down ** 2),
      maxFramerate: layer === 0 && used > 1 ? LOWEST_FRAME_RATE_MAX : FRAME_RATE_MAX,
    };
  });
}

function bitrateOf(pixels: number): number {
  const [, bps] = BITRATES_MAX_BPS.find(([most]) => pixels <= most) ?? [0, 0];
  return bps;
}
