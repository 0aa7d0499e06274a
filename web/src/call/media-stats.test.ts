import assert from "node:assert/strict";
import { test } from "node:test";
import { summarize } from "./media-stats.js";

test("a report shrinks to a line for each stream", () => {
  const lines = summarize(
    [
      ["c", { type: "codec", mimeType: "video/VP8" }],
      ["i", { type: "inbound-rtp", mid: "3", codecId: "c", framesDecoded: 7, frameWidth: 640 }],
      ["o", { type: "outbound-rtp", mid: "1", packetsSent: 5, bytesSent: 900, remoteId: "r" }],
      ["r", { type: "remote-inbound-rtp", packetsLost: 2 }],
      ["t", { type: "transport" }],
    ],
    mid => (mid === "1" ? { type: "send", source: "camera" } : undefined),
  );
  assert.deepEqual(
    lines.map(line => [line.mid, line.direction, line.codec, line.frames, line.packets]),
    [
      ["3", "in", "video/VP8", 7, 0],
      ["1", "out", undefined, 0, 5],
    ],
  );
  assert.deepEqual(
    lines.map(line => line.packetsLost),
    [0, 2],
  );
  assert.deepEqual(lines[1]?.use, { type: "send", source: "camera" });
});
