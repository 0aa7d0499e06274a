import assert from "node:assert/strict";
import { test } from "node:test";
import { entriesOf, offeredCodecs } from "./codecs.js";

const KNOWN = [
  { mimeType: "video/VP8" },
  { mimeType: "video/rtx" },
  { mimeType: "video/VP9", sdpFmtpLine: "profile-id=0" },
  { mimeType: "video/VP9", sdpFmtpLine: "profile-id=2" },
  { mimeType: "video/H264", sdpFmtpLine: "profile-level-id=42e01f" },
  { mimeType: "video/red" },
];

function remembered(codec: string | null): void {
  Object.assign(globalThis, { localStorage: { getItem: () => codec } });
}

test("VP8 alone is sent, VP8 and VP9 are received", () => {
  remembered(null);
  assert.deepEqual(offeredCodecs("video", "send"), ["vp8"]);
  assert.deepEqual(offeredCodecs("video", "receive"), ["vp8", "vp9"]);
  assert.deepEqual(offeredCodecs("audio", "send"), ["opus"]);
});

test("who asks for VP9 sends it first", () => {
  remembered("vp9");
  assert.deepEqual(offeredCodecs("video", "send"), ["vp9", "vp8"]);
  remembered("h264");
  assert.deepEqual(offeredCodecs("video", "send"), ["vp8"]);
});

test("of what the browser knows only profile 0 and retransmission are left, in order", () => {
  const names = entriesOf(["vp9", "vp8"], KNOWN).map(
    entry => entry.mimeType + (entry.sdpFmtpLine ?? ""),
  );
  assert.deepEqual(names, ["video/VP9profile-id=0", "video/VP8", "video/rtx"]);
  assert.deepEqual(entriesOf(["opus"], [{ mimeType: "audio/opus", sdpFmtpLine: "minptime=10" }]), [
    { mimeType: "audio/opus", sdpFmtpLine: "minptime=10" },
  ]);
});
