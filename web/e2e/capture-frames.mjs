// Writes down what real encoders make, for the tests of the codec rules: `node web/e2e/capture-frames.mjs` makes
// vectors/codec/*.json. Each file has the first bytes of a few frames as one browser's encoder handed them out, before
// any encryption. Nothing but the browsers is needed: the page calls itself.
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, firefox } from "./lib/browser.mjs";

const FRAMES = 24;
const folder = fileURLToPath(new URL("../../vectors/codec/", import.meta.url));
await mkdir(folder, { recursive: true });

// A page of this machine is a secure context, which cameras and transforms ask for.
const server = createServer((_, response) => {
  response.setHeader("content-type", "text/html");
  response.end("<!doctype html><title>Encoders</title>");
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}/`;

try {
  for (const [name, launch] of [
    ["chromium", chromium],
    ["firefox", () => firefox({ loopback: true })],
  ]) {
    const browser = await launch();
    try {
      for (const codec of ["vp8", "vp9", "opus"]) {
        const page = await browser.newPage();
        await page.goto(url);
        const { frames, metadata } = await page.evaluate(capture, codec, FRAMES);
        await page.close();
        const captured = { browser: await browser.version(), codec, frames };
        await writeFile(
          join(folder, `${name}-${codec}.json`),
          JSON.stringify(captured, null, 2) + "\n",
        );
        console.log(`${name} ${codec}: ${frames.length} frames, metadata ${metadata}`);
      }
    } finally {
      await browser.close();
    }
  }
} finally {
  server.close();
}

/** Runs in the page: encodes the fake device's picture or sound with a codec. */
async function capture(codec, count) {
  const kind = codec === "opus" ? "audio" : "video";

  /** Runs in the worker: lets frames pass and tells of them. */
  function watch() {
    self.onrtctransform = ({ transformer }) => {
      const look = new TransformStream({
        transform(frame, out) {
          const bytes = new Uint8Array(frame.data);
          postMessage({
            type: frame.type,
            length: bytes.length,
            first: bytes.slice(0, 64),
            metadata: JSON.stringify(frame.getMetadata()),
          });
          out.enqueue(frame);
        },
      });
      void transformer.readable.pipeThrough(look).pipeTo(transformer.writable);
    };
  }
  const code = URL.createObjectURL(new Blob([`(${watch})()`], { type: "text/javascript" }));
  const worker = new Worker(code);
  const seen = [];
  const enough = new Promise(resolve => {
    worker.onmessage = ({ data }) => {
      seen.push(data);
      if (seen.length >= count) resolve();
    };
  });

  const [one, other] = [new RTCPeerConnection(), new RTCPeerConnection()];
  one.onicecandidate = ({ candidate }) => void other.addIceCandidate(candidate);
  other.onicecandidate = ({ candidate }) => void one.addIceCandidate(candidate);
  const stream = await navigator.mediaDevices.getUserMedia({ [kind]: true });
  const transceiver = one.addTransceiver(kind, { direction: "sendonly" });
  transceiver.sender.transform = new RTCRtpScriptTransform(worker);
  const { codecs } = RTCRtpSender.getCapabilities(kind);
  transceiver.setCodecPreferences(
    codecs.filter(
      ({ mimeType, sdpFmtpLine = "" }) =>
        mimeType.toLowerCase() === `${kind}/${codec}` && !/profile-id=[1-9]/.test(sdpFmtpLine),
    ),
  );
  await transceiver.sender.replaceTrack(stream.getTracks()[0]);
  await one.setLocalDescription();
  await other.setRemoteDescription(one.localDescription);
  await other.setLocalDescription();
  await one.setRemoteDescription(other.localDescription);
  const late = new Promise((_, reject) =>
    setTimeout(() => reject(new Error(`${seen.length} frames, ${one.connectionState}`)), 60_000),
  );
  await Promise.race([enough, late]);
  for (const connection of [one, other]) connection.close();
  for (const track of stream.getTracks()) track.stop();
  worker.terminate();
  return {
    metadata: seen[0].metadata,
    frames: seen.slice(0, count).map(({ type, length, first }) => ({
      key_frame: type === "key",
      length,
      bytes: btoa(String.fromCharCode(...first)),
    })),
  };
}
