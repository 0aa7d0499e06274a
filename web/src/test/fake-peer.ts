/** What `PeerSession` needs of a browser: as much of WebRTC's signalling states (RFC 9429) as its rules rest on. */

export class FakeSender {
  track: unknown = null;
  transform: unknown = undefined;
  /** Every change of the parameters: the encodings, and for which of them a key frame was asked for. */
  readonly told: { encodings: RTCRtpEncodingParameters[]; keyFrames: boolean[] }[] = [];
  private busy = false;

  constructor(public encodings: RTCRtpEncodingParameters[]) {}

  replaceTrack = (track: unknown) => {
    this.track = track;
    return Promise.resolve();
  };

  getParameters = () => ({ encodings: this.encodings.map(each => ({ ...each })) });

  /** As browsers do: of two changes at once the second is refused. */
  setParameters = async (
    { encodings }: { encodings: RTCRtpEncodingParameters[] },
    options?: { encodingOptions: { keyFrame: boolean }[] },
  ) => {
    if (this.busy) throw new Error("InvalidStateError");
    this.busy = true;
    await new Promise(resolve => setTimeout(resolve));
    this.busy = false;
    this.encodings = encodings;
    const keyFrames = (options?.encodingOptions ?? []).map(({ keyFrame }) => keyFrame);
    this.told.push({ encodings, keyFrames });
  };
}

export class FakeTransceiver {
  mid: string | null = null;
  readonly sender: FakeSender;
  readonly receiver = { track: {}, transform: undefined as unknown };

  constructor(
    readonly kind: string,
    public direction: string,
    encodings: RTCRtpEncodingParameters[] = [{ active: true }],
  ) {
    this.sender = new FakeSender(encodings);
  }

  setCodecPreferences(): void {}
}

export class FakeConnection {
  static made: FakeConnection[] = [];
  connectionState = "new";
  signalingState = "stable";
  localDescription: { sdp: string } | null = null;
  remoteDescription: { sdp: string } | null = null;
  onconnectionstatechange: (() => void) | undefined;
  readonly transceivers: FakeTransceiver[] = [];
  rollbacks = 0;
  restarts = 0;
  /** The next answer is one that the browser does not take. */
  refusing = false;
  private mids = 0;
  private readonly number: number;

  constructor(configuration: RTCConfiguration = {}) {
    this.configuration = configuration;
    this.number = FakeConnection.made.push(this);
  }

  addTransceiver(
    kind: string,
    { direction, sendEncodings }: { direction: string; sendEncodings?: RTCRtpEncodingParameters[] },
  ): FakeTransceiver {
    const transceiver = new FakeTransceiver(kind, direction, sendEncodings);
    this.transceivers.push(transceiver);
    return transceiver;
  }

  createOffer(): Promise<{ type: string }> {
    return Promise.resolve({ type: "offer" });
  }

  setLocalDescription({ type }: { type: string }): Promise<void> {
    if (type === "rollback") {
      if (this.signalingState !== "have-local-offer") throw new Error("nothing to roll back");
      this.rollbacks++;
      this.signalingState = "stable";
      // As Chromium does: the next offer numbers these lines anew.
      for (const transceiver of this.fresh) transceiver.mid = null;
      return Promise.resolve();
    }
    if (this.signalingState !== "stable") throw new Error(`an offer in ${this.signalingState}`);
    this.fresh = this.transceivers.filter(({ mid }) => mid === null);
    for (const transceiver of this.fresh) transceiver.mid = String(this.mids++);
    const lines = this.transceivers.flatMap(({ kind, mid, direction }) => [
      `m=${kind} 9 UDP/TLS/RTP/SAVPF 0`,
      `a=mid:${mid}`,
      `a=${direction}`,
    ]);
    const sdp = ["v=0", `o=- ${this.number} 1 IN IP4 0.0.0.0`, ...lines, ""].join("\r\n");
    this.localDescription = { sdp };
    this.signalingState = "have-local-offer";
    return Promise.resolve();
  }

  configuration: RTCConfiguration;

  getConfiguration(): RTCConfiguration {
    return this.configuration;
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
  }

  restartIce(): void {
    this.restarts++;
  }

  setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    if (this.signalingState !== "have-local-offer") throw new Error("an answer to nothing");
    if (this.refusing) return Promise.reject(new Error("no such line"));
    this.signalingState = "stable";
    this.remoteDescription = { sdp };
    this.fresh = [];
    return Promise.resolve();
  }

  getStats(): Promise<Map<string, unknown>> {
    return Promise.resolve(new Map());
  }

  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  close(): void {
    this.connectionState = this.signalingState = "closed";
  }

  /** Lines whose first offer has no answer yet. */
  private fresh: FakeTransceiver[] = [];
}

/** Makes them the browser's own. */
export function installFakePeer(): void {
  FakeConnection.made = [];
  const codecs = { getCapabilities: () => ({ codecs: [] }) };
  Object.assign(globalThis, {
    RTCPeerConnection: FakeConnection,
    RTCRtpSender: codecs,
    RTCRtpReceiver: codecs,
    MediaStream: class {},
  });
}
