import assert from "node:assert/strict";
import { test } from "node:test";
import { midsOf, withConstantBitRate, withoutLoudness } from "./sdp.js";

const SDP = [
  "v=0",
  "s=-",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=mid:0",
  "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  "a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level",
  "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
  "a=rtpmap:111 opus/48000/2",
  "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1",
  "m=video 9 UDP/TLS/RTP/SAVPF 96",
  "a=mid:v1",
  "a=rtpmap:96 VP8/90000",
  "m=audio 9 UDP/TLS/RTP/SAVPF 63",
  "a=mid:2",
  "a=rtpmap:63 OPUS/48000/2",
  "",
].join("\r\n");

test("every Opus format is told constant bit rate and no silence suppression", () => {
  const lines = withConstantBitRate(SDP).split("\r\n");
  assert.deepEqual(
    lines.filter(line => line.startsWith("a=fmtp:")),
    [
      "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=0;cbr=1",
      "a=fmtp:63 cbr=1;usedtx=0;useinbandfec=1",
    ],
  );
  assert.equal(
    lines.indexOf("a=fmtp:63 cbr=1;usedtx=0;useinbandfec=1") > lines.indexOf("a=mid:2"),
    true,
  );
  assert.equal(lines.length, SDP.split("\r\n").length + 1);
  assert.equal(lines.at(-1), "");
});

test("doing it twice changes nothing more", () => {
  const once = withConstantBitRate(SDP);
  assert.equal(withConstantBitRate(once), once);
});

test("audio levels are taken out, other extensions stay", () => {
  const sdp = withoutLoudness(SDP);
  assert.equal(sdp.includes("audio-level"), false);
  assert.equal(sdp.includes("sdes:mid"), true);
  assert.equal(sdp.split("\r\n").length, SDP.split("\r\n").length - 2);
});

test("mids come in the order of their sections", () => {
  assert.deepEqual(midsOf(SDP), ["0", "v1", "2"]);
});
