/** One RTCPeerConnection to the SFU, which only this side makes offers on, one at a time. */
import type { LineUse } from "../generated/LineUse.js";
import type { MediaLine } from "../generated/MediaLine.js";
import type { RemoteTrack } from "../generated/RemoteTrack.js";
import type { Source } from "../generated/Source.js";
import type { FrameUse } from "../worker/messages.js";
import { type Line, plan } from "./lines.js";
import { isLoudness, midsOf, withConstantBitRate, withoutLoudness } from "./sdp.js";
import type { MediaState } from "./view.js";

const CAMERA_BITRATE_MAX_BPS = 1_200_000;
const CAMERA_FRAME_RATE_MAX = 30;
/** An answer that takes longer was lost on the way. */
const ANSWER_WAIT_MS = 10_000;
const RETRY_WAIT_MS = 1_000;
const RETRY_WAIT_MAX_MS = 16_000;

export interface PeerOwner {
  /** Sends an offer; its answer comes back through `answered` or `refused`, if at all. */
  offer(offer: number, sdp: string, lines: MediaLine[]): void;
  nextOffer(): number;
  transform(use: FrameUse): RTCRtpScriptTransform;
  /** Remote streams or the connection's state are others now. */
  changed(): void;
  /** The connection broke for good: another is needed. */
  failed(): void;
}

interface Slot extends Line {
  readonly transceiver: RTCRtpTransceiver;
  /** What is received; a new stream for each use. */
  readonly stream: MediaStream | undefined;
}

type Reply = { type: "answer"; sdp: string } | { type: "refused" } | { type: "none" };

export class PeerSession {
  private readonly connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  private slots: Slot[] = [];
  private sent: ReadonlyMap<Source, MediaStreamTrack> = new Map();
  private received: readonly RemoteTrack[] = [];
  private mayOffer = false;
  private running = false;
  /** Whether the server has agreed to the slots as they are. */
  private agreed = true;
  private retryMs = RETRY_WAIT_MS;
  private waiting: { offer: number; reply: (reply: Reply) => void } | undefined;
  private wake: (() => void) | undefined;
  private closed = false;

  constructor(private readonly owner: PeerOwner) {
    this.connection.onconnectionstatechange = () => {
      if (this.closed) return;
      this.owner.changed();
      if (this.connection.connectionState === "failed") this.owner.failed();
    };
  }

  /** What to send and to receive from now on. Offers are made only while `mayOffer`. */
  want(
    sent: ReadonlyMap<Source, MediaStreamTrack>,
    received: readonly RemoteTrack[],
    mayOffer: boolean,
  ): void {
    this.sent = sent;
    this.received = received;
    this.mayOffer = mayOffer;
    this.wake?.();
    void this.swapTracks();
    void this.run();
  }

  answered(offer: number, sdp: string): void {
    if (this.waiting?.offer === offer) this.waiting.reply({ type: "answer", sdp });
  }

  refused(offer: number): void {
    if (this.waiting?.offer === offer) this.waiting.reply({ type: "refused" });
  }

  /**
   * Has every camera and screen send a key frame next. For browsers whose transforms cannot ask for that themselves;
   * the others take no notice of the option.
   */
  generateKeyFrames(): void {
    for (const { kind, direction, use, transceiver } of this.slots) {
      if (kind !== "video" || direction !== "send" || use === undefined) continue;
      const sender = transceiver.sender as {
        getParameters(): RTCRtpSendParameters;
        setParameters(
          parameters: RTCRtpSendParameters,
          options: { encodingOptions: { keyFrame: boolean }[] },
        ): Promise<void>;
      };
      const parameters = sender.getParameters();
      if (parameters.encodings.length === 0) continue;
      sender
        .setParameters(parameters, {
          encodingOptions: parameters.encodings.map(() => ({ keyFrame: true })),
        })
        .catch(() => undefined);
    }
  }

  /** Ends the connection. Transforms stay in place: without them frames would be in clear. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const { transceiver } of this.slots) {
      void transceiver.sender.replaceTrack(null).catch(() => undefined);
    }
    this.connection.close();
    this.waiting?.reply({ type: "none" });
    this.wake?.();
  }

  state(): MediaState {
    switch (this.connection.connectionState) {
      case "connected":
        return "connected";
      case "failed":
      case "disconnected":
        return "failed";
      case "closed":
        return "none";
      default:
        return this.slots.length === 0 ? "none" : "connecting";
    }
  }

  /** What comes in now, by whom and from what. */
  streams(): { client: string; source: Source; stream: MediaStream }[] {
    return this.slots.flatMap(({ use, stream }) =>
      use?.type === "receive" && stream !== undefined
        ? [{ client: use.client, source: use.source, stream }]
        : [],
    );
  }

  useOf(mid: string): LineUse | undefined {
    return this.slots.find(slot => slot.transceiver.mid === mid)?.use;
  }

  stats(): Promise<RTCStatsReport> {
    return this.connection.getStats();
  }

  private async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      while (!this.closed && this.mayOffer) {
        try {
          const changed = await this.apply();
          if (!changed && this.agreed) break;
          this.agreed = false;
          this.agreed = await this.negotiate();
        } catch (error) {
          if (!this.closed) console.warn("could not set up sound and picture:", error);
          this.agreed = false;
        }
        if (this.closed) break;
        if (this.agreed) this.retryMs = RETRY_WAIT_MS;
        else await this.pause();
        this.owner.changed();
      }
    } finally {
      this.running = false;
    }
  }

  /** Waits before the next try, unless something else is wanted before. */
  private async pause(): Promise<void> {
    const ms = this.retryMs;
    this.retryMs = Math.min(2 * ms, RETRY_WAIT_MAX_MS);
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = undefined;
  }

  /** Makes the transceivers as they are wanted. Whether an offer is due for that. */
  private async apply(): Promise<boolean> {
    const changes = plan(this.slots, [...this.sent.keys()], this.received);
    const slots = [...this.slots];
    for (const { line, to } of changes) {
      const old = slots[line]?.transceiver;
      const transceiver = old ?? this.add(to);
      let stream: MediaStream | undefined;
      if (to.use === undefined) {
        transceiver.direction = "inactive";
      } else if (to.use.type === "send") {
        transceiver.direction = "sendonly";
      } else {
        const { client, source } = to.use;
        transceiver.receiver.transform = this.owner.transform({
          kind: "receive",
          client,
          source,
        });
        transceiver.direction = "recvonly";
        stream = new MediaStream([transceiver.receiver.track]);
      }
      slots[line] = { ...to, transceiver, stream };
    }
    this.slots = slots;
    await this.swapTracks();
    if (changes.length > 0) this.owner.changed();
    return changes.length > 0;
  }

  /** A new transceiver, with its transform set before it can carry a track. */
  private add({ kind, direction, use }: Line): RTCRtpTransceiver {
    const camera = use?.type === "send" && use.source === "camera";
    const transceiver = this.connection.addTransceiver(kind, {
      direction: direction === "send" ? "sendonly" : "recvonly",
      ...(camera && {
        sendEncodings: [
          { maxBitrate: CAMERA_BITRATE_MAX_BPS, maxFramerate: CAMERA_FRAME_RATE_MAX },
        ],
      }),
    });
    if (use?.type === "send") {
      transceiver.sender.transform = this.owner.transform({ kind: "send", source: use.source });
    }
    preferCodec(transceiver, kind, direction);
    silenceLoudness(transceiver);
    return transceiver;
  }

  /** Puts each sender's track in place, or takes it away. Needs no offer. */
  private async swapTracks(): Promise<void> {
    await Promise.all(
      this.slots.map(async ({ direction, use, transceiver }) => {
        if (this.closed || direction !== "send") return;
        const track = use?.type === "send" ? (this.sent.get(use.source) ?? null) : null;
        if (transceiver.sender.track === track) return;
        await transceiver.sender.replaceTrack(track).catch(() => undefined);
      }),
    );
  }

  /** One offer and its answer. Whether it was agreed. */
  private async negotiate(): Promise<boolean> {
    await this.connection.setLocalDescription(await this.connection.createOffer());
    const sdp = withoutLoudness(this.connection.localDescription?.sdp ?? "");
    const offer = this.owner.nextOffer();
    const lines = midsOf(sdp).map((mid): MediaLine => {
      const use = this.useOf(mid);
      return use === undefined ? { mid } : { mid, use };
    });
    const reply = await this.ask(offer, sdp, lines);
    if (this.closed) return false;
    if (reply.type === "answer") {
      try {
        await this.connection.setRemoteDescription({
          type: "answer",
          sdp: withConstantBitRate(reply.sdp),
        });
        return true;
      } catch (error) {
        console.warn("the server's answer was refused by the browser:", error);
      }
    }
    if (this.connection.signalingState === "have-local-offer") {
      await this.connection.setLocalDescription({ type: "rollback" });
    }
    return false;
  }

  private ask(offer: number, sdp: string, lines: MediaLine[]): Promise<Reply> {
    return new Promise<Reply>(resolve => {
      const timer = setTimeout(() => reply({ type: "none" }), ANSWER_WAIT_MS);
      const reply = (reply: Reply) => {
        clearTimeout(timer);
        this.waiting = undefined;
        resolve(reply);
      };
      this.waiting = { offer, reply };
      this.owner.offer(offer, sdp, lines);
    });
  }
}

/** VP8 and Opus alone (and retransmission): the codecs whose frames Tangelo encrypts. RED would hide Opus in it. */
function preferCodec(
  transceiver: RTCRtpTransceiver,
  kind: "audio" | "video",
  direction: "send" | "receive",
): void {
  const wanted = kind === "audio" ? ["audio/opus"] : ["video/vp8", "video/rtx"];
  const capabilities =
    direction === "send"
      ? RTCRtpSender.getCapabilities(kind)
      : RTCRtpReceiver.getCapabilities(kind);
  const codecs =
    capabilities?.codecs.filter(codec => wanted.includes(codec.mimeType.toLowerCase())) ?? [];
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
