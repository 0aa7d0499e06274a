/** Sound or picture after an effect. */
import type { DeviceKind } from "./device-view.js";

export interface Processed {
  readonly track: MediaStreamTrack;
  /** Ends the effect and its track, not the device's. */
  stop(): void;
  /** Settles with the reason when the effect breaks down later. */
  readonly broken: Promise<Error>;
}

/** What changes tracks of devices before anybody hears or sees them. */
export interface TrackEffects {
  /** The track after the chosen effect; nothing if none is chosen. The device's own track stays as it is. */
  process(kind: DeviceKind, track: MediaStreamTrack): Promise<Processed> | undefined;
  /** Called by the effects when another one was chosen. */
  changed: ((kind: DeviceKind) => void) | undefined;
}
