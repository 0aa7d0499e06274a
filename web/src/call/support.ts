/** Whether this browser can keep a call private. */

export type Unsupported = "insecure" | "no_encoded_transforms" | "no_webrtc";

/** Why this browser cannot join; nothing if it can. Without encoded transforms media would leave unencrypted. */
export function unsupported(): Unsupported | undefined {
  if (!globalThis.isSecureContext) return "insecure";
  if (typeof RTCPeerConnection === "undefined" || typeof WebAssembly === "undefined") {
    return "no_webrtc";
  }
  if (
    typeof RTCRtpScriptTransform === "undefined" ||
    !("transform" in RTCRtpSender.prototype) ||
    !("transform" in RTCRtpReceiver.prototype)
  ) {
    return "no_encoded_transforms";
  }
  return undefined;
}
