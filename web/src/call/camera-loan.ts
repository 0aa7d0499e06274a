/** The camera for a while, to read something with it. Nothing of that picture goes into the call. */

/** Enough to read a code off another screen. */
const SIZE = { width: { ideal: 1280 }, height: { ideal: 720 } };

export interface CameraLoan {
  /** What the camera sees, without any effect. */
  readonly stream: MediaStream;
  /** Fulfilled when the camera is pulled out or taken away; never by `giveBack`. */
  readonly gone: Promise<void>;
  /** Once or more often: a camera that the call does not use is off then. */
  giveBack(): void;
}

/**
 * A camera that looks away from the person, if there is one; otherwise the one of the call, `running`, or the `chosen` one.
 * A running one is shared, never opened twice or interrupted.
 */
export async function lendCamera(
  running: MediaStreamTrack | undefined,
  chosen: MediaTrackConstraints,
): Promise<CameraLoan> {
  const track =
    running !== undefined && running.getSettings().facingMode !== "user"
      ? await copyOf(running)
      : ((await openAway()) ??
        (running === undefined ? await open({ ...chosen, ...SIZE }) : await copyOf(running)));
  return { stream: new MediaStream([track]), gone: endOf(track), giveBack: () => track.stop() };
}

/** Whoever stops a track gets no event of it. */
function endOf(track: MediaStreamTrack): Promise<void> {
  return new Promise(resolve => {
    // It may have ended while the copy got its size.
    if (track.readyState === "ended") resolve();
    else track.onended = () => resolve();
  });
}

/** Data saver may have made the call's own picture too small to read: a copy has a size of its own. */
async function copyOf(running: MediaStreamTrack): Promise<MediaStreamTrack> {
  const copy = running.clone();
  await copy.applyConstraints(SIZE).catch(() => undefined);
  return copy;
}

/** Nothing where there is no such camera, or where the browser opens one camera at a time. */
async function openAway(): Promise<MediaStreamTrack | undefined> {
  try {
    return await open({ facingMode: { exact: "environment" }, ...SIZE });
  } catch (error) {
    // Who said no is not asked a second time.
    if ((error as { name?: unknown } | null)?.name === "NotAllowedError") throw error;
    return undefined;
  }
}

async function open(video: MediaTrackConstraints): Promise<MediaStreamTrack> {
  const stream = await navigator.mediaDevices.getUserMedia({ video });
  const [track] = stream.getVideoTracks();
  if (track === undefined) throw new Error("the browser opened a camera without a picture");
  return track;
}
