// The page of the measurements: asks its worker for figures, and makes the connections whose frames are transformed.
import { SIZES, sizeName } from "./samples.mjs";

const worker = new Worker("/worker.js", { type: "module" });
const waiting = new Map();
let asked = 0;

worker.onmessage = ({ data }) => {
  const { resolve, reject } = waiting.get(data.id);
  waiting.delete(data.id);
  if (data.error === undefined) resolve(data.result);
  else reject(new Error(data.error));
};

function ask(method, ...args) {
  return new Promise((resolve, reject) => {
    const id = ++asked;
    waiting.set(id, { resolve, reject });
    worker.postMessage({ id, method, args });
  });
}

/** Who encrypts in the transforms. */
const WAYS = ["tangelo", "webcrypto", "orange"];

window.measure = async (cores, quick) => {
  if (!crossOriginIsolated) throw new Error("the page is not isolated: its clock is too coarse");
  const figures = [];
  const part = async (what, measure) => {
    const start = performance.now();
    figures.push(...(await measure()));
    console.log(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  };
  await part("modules", async () => (await ask("load", cores), []));
  await part("frames in a hot loop", () => ask("hot", quick));
  for (const core of cores) {
    for (const way of core === "wasm" ? WAYS : ["tangelo"]) {
      await part(`frames in a transform, ${way}, ${core}`, () => transformed(way, core, quick));
    }
  }
  for (const warm of [true, false]) {
    for (const size of await ask("groupSizes", quick)) {
      await part(`groups of ${size}`, () => ask("group", size, warm));
    }
  }
  return figures;
};

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

/**
 * Sound, small and large pictures between two connections of this page, all of it encoded, sent and decoded. Frames
 * are padded to the sizes that are measured, and the padding is taken off again after decryption.
 */
async function transformed(way, core, quick) {
  const [from, to] = [new RTCPeerConnection(), new RTCPeerConnection()];
  from.onicecandidate = ({ candidate }) => void to.addIceCandidate(candidate);
  to.onicecandidate = ({ candidate }) => void from.addIceCandidate(candidate);
  const video = { width: 320, height: 180, frameRate: 30 };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video });
  const picture = stream.getVideoTracks()[0];
  await ask("begin", way, core);
  const lines = [
    { track: stream.getAudioTracks()[0], source: "microphone", sizes: [100], bitrate: 24_000 },
    { track: picture, source: "camera", sizes: [1000], bitrate: 100_000 },
    // Key frames of a sharp picture are large and rare: every fifteenth frame here.
    { track: picture.clone(), source: "screen", sizes: [6000, 100_000], bitrate: 100_000 },
  ];
  const transform = (use, line) => {
    const options = { use, connection: 1, line, sizes: lines[line].sizes };
    return new RTCRtpScriptTransform(worker, options);
  };
  const vp8 = RTCRtpReceiver.getCapabilities("video").codecs.filter(
    codec => codec.mimeType === "video/VP8",
  );
  lines.forEach(({ track, source, bitrate }, line) => {
    const transceiver = from.addTransceiver(track, { direction: "sendonly" });
    transceiver.sender.transform = transform({ kind: "send", source }, line);
    if (track.kind === "video") transceiver.setCodecPreferences(vp8);
    lines[line].limit = async () => {
      const parameters = transceiver.sender.getParameters();
      for (const encoding of parameters.encodings) encoding.maxBitrate = bitrate;
      await transceiver.sender.setParameters(parameters);
    };
  });
  const players = [];
  to.ontrack = ({ track, transceiver, receiver }) => {
    const line = Number(transceiver.mid);
    receiver.transform = transform({ kind: "receive", source: lines[line].source }, line);
    const player = document.createElement(track.kind);
    player.srcObject = new MediaStream([track]);
    player.muted = true;
    void player.play();
    players.push(player);
  };
  await from.setLocalDescription();
  await to.setRemoteDescription(from.localDescription);
  await to.setLocalDescription();
  // Without a start like this the sender would hold the padded frames back while it finds out how much gets through.
  const sdp = to.localDescription.sdp.replaceAll(
    /a=rtpmap:(\d+) VP8\/90000\r\n/g,
    "$&a=fmtp:$1 x-google-start-bitrate=8000;x-google-min-bitrate=8000;x-google-max-bitrate=20000\r\n",
  );
  await from.setRemoteDescription({ type: "answer", sdp });
  for (const line of lines) await line.limit();

  await sleep(3000);
  await ask("record");
  await sleep(quick ? 5000 : 40_000);
  const times = await ask("finish");
  const decoded = await picturesDecoded(to);
  from.close();
  to.close();
  for (const track of stream.getTracks()) track.stop();
  if (decoded === 0) throw new Error(`${way}: no picture was decoded: frames came out wrong`);

  const who = {
    tangelo: core === "wasm" ? "Tangelo" : `Tangelo, profile ${core}`,
    webcrypto: "WebCrypto AES-128-GCM",
    orange: "Orange's way, 2 members",
  }[way];
  return SIZES.flatMap(size =>
    ["encrypt", "decrypt"].flatMap(what => {
      const { p50, p99, frames } = times[`${what} ${size}`] ?? {};
      if (frames === undefined) throw new Error(`${way}: no frame of ${size} bytes to ${what}`);
      const label = `${who}: ${what} ${sizeName(size)} at frame cadence`;
      return [
        { section: "cadence", label: `${label}, p50`, value: p50, unit: "us" },
        { section: "cadence", label: `${label}, p99`, value: p99, unit: "us", frames },
      ];
    }),
  );
}

async function picturesDecoded(connection) {
  let frames = 0;
  for (const report of (await connection.getStats()).values()) {
    if (report.type === "inbound-rtp" && report.kind === "video") frames += report.framesDecoded;
  }
  return frames;
}
