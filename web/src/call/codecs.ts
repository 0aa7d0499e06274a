/** Which codecs lines offer, and in which order: what is sent is the first. */
import type { MediaKind } from "../generated/MediaKind.js";
import type { Codec } from "../worker/messages.js";
import { recall } from "./preferences.js";

/** For tests and measurements: `localStorage["tangelo.video_codec"] = "vp9"` before joining. */
function sentVideoCodec(): "vp8" | "vp9" {
  return recall("video_codec") === "vp9" ? "vp9" : "vp8";
}

/**
 * What a line offers: codecs whose frames Tangelo encrypts, and retransmission. (RED would hide Opus in it.) VP8 is
 * always among them, so that two people have one in common.
 */
export function offeredCodecs(kind: MediaKind, direction: "send" | "receive"): Codec[] {
  if (kind === "audio") return ["opus"];
  if (direction === "receive") return ["vp8", "vp9"];
  return sentVideoCodec() === "vp9" ? ["vp9", "vp8"] : ["vp8"];
}

/** The browser's own entries for these codecs, in this order. */
export function entriesOf<E extends { mimeType: string; sdpFmtpLine?: string }>(
  codecs: readonly Codec[],
  known: readonly E[],
): E[] {
  const named = (name: string) =>
    known.filter(
      ({ mimeType, sdpFmtpLine }) =>
        mimeType.toLowerCase().split("/")[1] === name && isPlain(sdpFmtpLine ?? ""),
    );
  return [...codecs, "rtx"].flatMap(named);
}

/** VP9 has profiles; 0 is the one that every browser decodes. */
function isPlain(parameters: string): boolean {
  return parameters
    .split(";")
    .map(parameter => parameter.trim().split("="))
    .every(([name, value]) => name !== "profile-id" || value === "0");
}
