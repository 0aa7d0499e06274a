/** How a transceiver is made, so that what passes through it can be encrypted and shows no more than it must. */
import { entriesOf, offeredCodecs } from "./codecs.js";
import type { Line } from "./lines.js";
import { isLoudness } from "./sdp.js";

const CAMERA_BITRATE_MAX_BPS = 1_200_000;
const CAMERA_FRAME_RATE_MAX = 30;

/** A new transceiver without a track. `transform` encrypts what a sending one sends. */
export function addTransceiver(
  connection: RTCPeerConnection,
  { kind, direction, source }: Line,
  transform: () => RTCRtpScriptTransform,
): RTCRtpTransceiver {
  const transceiver = connection.addTransceiver(kind, {
    direction: direction === "send" ? "sendonly" : "recvonly",
    ...(source === "camera" && {
      sendEncodings: [{ maxBitrate: CAMERA_BITRATE_MAX_BPS, maxFramerate: CAMERA_FRAME_RATE_MAX }],
    }),
  });
  // Before it can carry a track.
  if (direction === "send") transceiver.sender.transform = transform();
  preferCodec(transceiver, kind, direction);
  silenceLoudness(transceiver);
  return transceiver;
}

/**
 * Has a camera or screen send a key frame next. For browsers whose transforms cannot ask for that themselves; the
 * others take no notice of the option.
 */
export function generateKeyFrame({ sender }: RTCRtpTransceiver): void {
  const controls = sender as {
    getParameters(): RTCRtpSendParameters;
    setParameters(
      parameters: RTCRtpSendParameters,
      options: { encodingOptions: { keyFrame: boolean }[] },
    ): Promise<void>;
  };
  const parameters = controls.getParameters();
  if (parameters.encodings.length === 0) return;
  controls
    .setParameters(parameters, {
      encodingOptions: parameters.encodings.map(() => ({ keyFrame: true })),
    })
    .catch(() => undefined);
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
