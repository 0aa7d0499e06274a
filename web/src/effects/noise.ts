/** Noise suppression for a microphone, on the audio thread. */
import type { Processed } from "../call/processed.js";

/** What the network was made for. */
const RATE = 48_000;
/** Where the browser insists on another rate: what the network hears is then a little lower, which it bears. */
const LOWEST_RATE = 44_100;

/** How long an audio context that may run may take to do so. */
const PATIENCE_MS = 10_000;

/**
 * Hears a copy of the track: where that one is silent because the person is muted, the effect still hears, and so does what
 * tells a person who talks that they are muted. Resolves as soon as processed sound comes; before a person touched the page, some browsers let none through.
 */
export async function suppressNoise(track: MediaStreamTrack): Promise<Processed> {
  const response = await fetch(EFFECTS_WASM_URL);
  if (!response.ok) throw new Error(`${EFFECTS_WASM_URL}: ${response.status}`);
  const module = await WebAssembly.compileStreaming(response);
  const { context, source, copy } = open(track);
  try {
    await context.audioWorklet.addModule(NOISE_WORKLET_URL);
    const node = new AudioWorkletNode(context, "tangelo-noise", {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      outputChannelCount: [1],
      channelCount: 1,
      channelCountMode: "explicit",
      processorOptions: { module },
    });
    const broken = new Promise<Error>(resolve => {
      node.onprocessorerror = () => resolve(new Error("the noise suppression's worklet failed"));
    });
    const ready = new Promise(resolve => (node.port.onmessage = resolve));
    const sink = context.createMediaStreamDestination();
    sink.channelCount = 1;
    source.connect(node).connect(sink);
    const first = await Promise.race([ready, broken]);
    if (first instanceof Error) throw first;
    await running(context);
    const [made] = sink.stream.getAudioTracks();
    if (made === undefined) throw new Error("the audio context gave no track");
    const stop = () => {
      made.stop();
      copy.stop();
      void context.close();
    };
    return { track: made, stop, broken };
  } catch (error) {
    copy.stop();
    void context.close();
    throw error;
  }
}

function open(track: MediaStreamTrack) {
  const from = (context: AudioContext) => {
    const copy = track.clone();
    copy.enabled = true;
    try {
      const source = context.createMediaStreamSource(new MediaStream([copy]));
      return { context, source, copy };
    } catch (error) {
      copy.stop();
      void context.close();
      throw error;
    }
  };
  try {
    return from(new AudioContext({ sampleRate: RATE, latencyHint: "interactive" }));
  } catch (error) {
    // Firefox connects a microphone to contexts of the microphone's own rate only.
    const own = new AudioContext({ latencyHint: "interactive" });
    if (own.sampleRate >= LOWEST_RATE && own.sampleRate <= RATE) return from(own);
    void own.close();
    throw error;
  }
}

/**
 * Waits until sound flows, and asks for it at each thing that a person does. Browsers owe it to a person who did something; one
 * on a machine without any sound output may run none all the same.
 */
async function running(context: AudioContext): Promise<void> {
  let patience: ReturnType<typeof setTimeout> | undefined;
  const touches = ["pointerdown", "keydown"] as const;
  let ask = () => undefined as void;
  try {
    await new Promise<void>((resolve, reject) => {
      ask = () => {
        void context.resume().catch(() => undefined);
        const give = () => reject(new Error("the browser runs no audio context"));
        if (navigator.userActivation.hasBeenActive) patience ??= setTimeout(give, PATIENCE_MS);
      };
      const look = () => {
        if (context.state === "running") resolve();
        else if (context.state === "closed") reject(new Error("the audio context was closed"));
      };
      for (const touch of touches) addEventListener(touch, ask);
      context.addEventListener("statechange", look);
      ask();
      look();
    });
  } finally {
    clearTimeout(patience);
    for (const touch of touches) removeEventListener(touch, ask);
  }
}
