/** How a transceiver is made, so that what passes through it can be encrypted and shows no more than it must. */
import { entriesOf, offeredCodecs } from "./codecs.js";
import { LAYER_RIDS, UNKNOWN_SIZE, layersOf } from "./layers.js";
import type { Line } from "./lines.js";
import { isLoudness } from "./sdp.js";

/** A new transceiver without a track. `transform` encrypts what a sending one sends. */
export function addTransceiver(
  connection: RTCPeerConnection,
  { kind, direction, source }: Line,
  transform: () => RTCRtpScriptTransform,
): RTCRtpTransceiver {
  const transceiver = connection.addTransceiver(kind, {
    direction: direction === "send" ? "sendonly" : "recvonly",
    ...(source === "camera" && { sendEncodings: cameraEncodings() }),
  });
  // Before it can carry a track.
  if (direction === "send") transceiver.sender.transform = transform();
  preferCodec(transceiver, kind, direction);
  silenceLoudness(transceiver);
  return transceiver;
}

/** VP9 is not sent in layers: browsers would send one stream that has them all in it, which the server cannot pick from. */
function cameraEncodings(): RTCRtpEncodingParameters[] {
  const rids = offeredCodecs("video", "send")[0] === "vp8" ? LAYER_RIDS : [];
  const layers = layersOf(Math.max(1, rids.length), UNKNOWN_SIZE, undefined);
  return layers.map((layer, index) => {
    const rid = rids[index];
    return rid === undefined ? { ...layer } : { ...layer, rid };
  });
}

function preferCodec(
  transceiver: RTCRtpTransceiver,
  kind: "audio" | "video",
  direction: "send" | "receive",
): void {
  const capabilities =
    direction === "send"
      ? RTCRtpSender.getCapabilities(kind)
      : RTCRtpReceiver.getCapabilities(kind);
  const codecs = entriesOf(offeredCodecs(kind, direction), capabilities?.codecs ?? []);
  if (codecs.length > 0) transceiver.setCodecPreferences(codecs);
}

interface HeaderExtension {
  uri: string;
  direction: RTCRtpTransceiverDirection;
}

/** Takes part in what browsers offer; where they cannot be told, `withoutLoudness` tells the server alone. */
function silenceLoudness(transceiver: RTCRtpTransceiver): void {
  const controls = transceiver as {
    getHeaderExtensionsToNegotiate?: () => HeaderExtension[];
    setHeaderExtensionsToNegotiate?: (extensions: HeaderExtension[]) => void;
  };
  const extensions = controls.getHeaderExtensionsToNegotiate?.();
  if (extensions === undefined) return;
  controls.setHeaderExtensionsToNegotiate?.(
    extensions.map(({ uri, direction }) => ({
      uri,
      direction: isLoudness(uri) ? "stopped" : direction,
    })),
  );
}
