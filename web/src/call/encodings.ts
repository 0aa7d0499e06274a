/** What the encoders of one sender are told: how large each layer is, and whether somebody is to get it. */
import type { Source } from "../generated/Source.js";
import { type LayerSettings, type Size, UNKNOWN_SIZE, layersOf } from "./layers.js";

/** Chromium's addition, with which a page asks for key frames. Others take no notice of it. */
interface Controls {
  getParameters(): RTCRtpSendParameters;
  setParameters(
    parameters: RTCRtpSendParameters & { degradationPreference?: string },
    options: { encodingOptions: { keyFrame: boolean }[] },
  ): Promise<void>;
}

type Encoding = RTCRtpEncodingParameters;

export class Encodings {
  /** The layers that somebody is to get; nothing if that was not said. */
  private wanted: readonly number[] | undefined;
  private stale = false;
  private keyFramesDue = false;
  private running = false;

  constructor(
    private readonly sender: RTCRtpSender,
    private readonly source: Source,
  ) {}

  /** Whether nobody is to get this layer, by its name; by none where there is only one. */
  isPaused(rid: string | undefined): boolean {
    const { encodings } = this.sender.getParameters();
    const encoding = encodings.find(each => each.rid === rid) ?? encodings[0];
    return encoding?.active === false;
  }

  /** Pauses the layers that nobody is to get, and goes on with the others. Nothing: all are wanted. */
  want(layers: readonly number[] | undefined): void {
    this.wanted = layers;
    this.settle();
  }

  /** Has every layer that is sent send a key frame next. */
  generateKeyFrames(): void {
    this.keyFramesDue = true;
    void this.run();
  }

  /** To be called whenever the track, its size, or what was agreed on may be another. */
  settle(): void {
    this.stale = true;
    void this.run();
  }

  /** One change at a time: of two at once browsers refuse the second. */
  private async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      while (this.stale || this.keyFramesDue) await this.apply();
    } finally {
      this.running = false;
    }
  }

  private async apply(): Promise<void> {
    const all = this.keyFramesDue;
    this.stale = this.keyFramesDue = false;
    const controls = this.sender as Controls;
    const parameters = controls.getParameters();
    const { encodings } = parameters;
    if (encodings.length === 0) return;
    const began: boolean[] = [];
    let changed = false;
    this.settings(encodings.length).forEach((settings, layer) => {
      const encoding = encodings[layer]!;
      began.push(settings.active === true && !encoding.active);
      if (!differs(encoding, settings)) return;
      Object.assign(encoding, settings);
      changed = true;
    });
    if (!changed && !all) return;
    const encodingOptions = encodings.map(({ active }, layer) => ({
      keyFrame: active === true && (all || began[layer] === true),
    }));
    // What fails now, in the midst of an agreement perhaps, is tried again at the next occasion.
    await controls.setParameters(parameters, { encodingOptions }).catch(() => undefined);
  }

  private settings(count: number): Partial<LayerSettings>[] {
    const settings = layersOf(count, sizeOf(this.sender.track), this.wanted);
    // How a screen is sent is left to the browser, which knows from the track that details matter.
    return this.source === "camera" ? settings : settings.map(({ active }) => ({ active }));
  }
}

function differs(encoding: Encoding, settings: Partial<LayerSettings>): boolean {
  const now = encoding as Record<string, unknown>;
  return Object.entries(settings).some(([name, value]) => (now[name] ?? DEFAULTS[name]) !== value);
}

/** Of what a browser leaves out. */
const DEFAULTS: Record<string, unknown> = { active: true, scaleResolutionDownBy: 1 };

function sizeOf(track: MediaStreamTrack | null): Size {
  // Not every browser tells the size of what comes from a canvas, as it does with an effect.
  const { canvas } = (track ?? {}) as Partial<CanvasCaptureMediaStreamTrack>;
  const { width = canvas?.width, height = canvas?.height } = track?.getSettings() ?? {};
  return width === undefined || height === undefined || width * height === 0
    ? UNKNOWN_SIZE
    : { width, height };
}
