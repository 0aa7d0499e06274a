import assert from "node:assert/strict";
import { test } from "node:test";
import { type LineSample, ratesOf, readMedia } from "./inspection.js";

const LINE: LineSample = {
  id: "in1",
  at: 10_000,
  direction: "in",
  use: undefined,
  codec: "video/VP8",
  bytes: 1_000,
  packets: 100,
  lost: 0,
  jitterMs: undefined,
  roundTripMs: undefined,
  frames: 50,
  width: undefined,
  height: undefined,
  keyFrames: undefined,
  pli: undefined,
  nack: undefined,
  limitedBy: undefined,
};

test("two samples give rates", () => {
  const later = { ...LINE, at: 10_500, bytes: 26_000, packets: 145, lost: 5, frames: 65 };
  assert.deepEqual(ratesOf(LINE, later), {
    bitsPerSecond: 400_000,
    packetsPerSecond: 90,
    lossShare: 0.1,
    framesPerSecond: 30,
  });
  // Of sent packets those that were lost are a part.
  const sent = { ...LINE, direction: "out" as const };
  assert.equal(ratesOf(sent, { ...later, direction: "out" })?.lossShare, 5 / 45);
  const silent = { ...LINE, lost: undefined, frames: undefined };
  const rates = ratesOf(silent, { ...later, lost: undefined, frames: undefined });
  assert.equal(rates?.lossShare, undefined);
  assert.equal(rates?.framesPerSecond, undefined);
});

test("samples of different streams, or of the same moment, give none", () => {
  assert.equal(ratesOf(undefined, LINE), undefined);
  assert.equal(ratesOf(LINE, LINE), undefined);
  assert.equal(ratesOf({ ...LINE, id: "in2" }, { ...LINE, at: 11_000 }), undefined);
  assert.equal(ratesOf(LINE, { ...LINE, at: 11_000, bytes: 10, packets: 1 }), undefined);
});

test("a report is read without anybody's address", () => {
  const report = new Map<string, unknown>(
    Object.entries({
      o: {
        id: "o",
        type: "outbound-rtp",
        kind: "video",
        mid: "1",
        timestamp: 5,
        codecId: "c",
        remoteId: "r",
        bytesSent: 9,
        packetsSent: 2,
        framesEncoded: 1,
        frameWidth: 640,
        frameHeight: 360,
      },
      r: { type: "remote-inbound-rtp", packetsLost: 1, jitter: 0.004, roundTripTime: 0.02 },
      c: { type: "codec", mimeType: "video/VP8" },
      t: { type: "transport", selectedCandidatePairId: "p", dtlsCipher: "D", srtpCipher: "S" },
      p: {
        type: "candidate-pair",
        state: "succeeded",
        currentRoundTripTime: 0.003,
        localCandidateId: "l",
        remoteCandidateId: "m",
      },
      l: { candidateType: "host", protocol: "udp", address: "192.0.2.7" },
      m: { candidateType: "host", address: "192.0.2.8" },
    }),
  );
  const sample = readMedia(report, mid =>
    mid === "1" ? { type: "send", source: "camera" } : undefined,
  );
  const [line] = sample.lines;
  assert(line !== undefined && sample.lines.length === 1);
  assert.deepEqual(line.use, { type: "send", source: "camera" });
  assert.deepEqual(
    [line.codec, line.bytes, line.lost, line.jitterMs, line.roundTripMs, line.width],
    ["video/VP8", 9, 1, 4, 20, 640],
  );
  assert.equal(sample.way?.roundTripMs, 3);
  assert.equal(sample.way?.srtp, "S");
  assert(!JSON.stringify(sample).includes("192.0.2"));
});
