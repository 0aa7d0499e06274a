/** Asking the browser for microphones and cameras: which there are, in what words, and what its refusals mean. */
import type { DeviceChoice, DeviceKind, DeviceProblem } from "./device-view.js";

/** Undefined on pages that are not secure, whatever the types say. */
export function mediaDevices(): MediaDevices | undefined {
  return navigator.mediaDevices as MediaDevices | undefined;
}

/** What there is of a kind. Names are empty until the person has given permission. */
export function choicesOf(all: readonly MediaDeviceInfo[], kind: MediaDeviceKind): DeviceChoice[] {
  return all
    .filter(device => device.kind === kind && device.deviceId !== "")
    .map(device => ({ id: device.deviceId, label: device.label }));
}

/** What to ask for; `small` as in `pictureSize`. */
export function constraintsOf(
  kinds: readonly DeviceKind[],
  chosen: Readonly<Record<DeviceKind, Wish>>,
  small: boolean,
): MediaStreamConstraints {
  return {
    audio: kinds.includes("microphone") && {
      ...asked(chosen.microphone),
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
    },
    video: kinds.includes("camera") && { ...asked(chosen.camera), ...pictureSize(small) },
  };
}

/** A small picture takes less of the network. */
export function pictureSize(small: boolean): MediaTrackConstraints {
  return small
    ? { width: { ideal: 320 }, height: { ideal: 180 }, frameRate: { ideal: 15, max: 15 } }
    : { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
}

/** The device that a person has chosen; the id is empty for none. */
export interface Wish {
  readonly id: string;
  readonly there: boolean;
}

/**
 * One that is there is required: where it is only wished for, browsers rather take another one that has pictures of the
 * wished size. One that is not is replaced by another.
 */
export function asked({ id, there }: Wish): MediaTrackConstraints {
  return id === "" ? {} : { deviceId: there ? { exact: id } : { ideal: id } };
}

/** What an error of getUserMedia means. */
export function problemOf(error: unknown): DeviceProblem {
  switch ((error as { name?: unknown } | null)?.name) {
    case "NotAllowedError":
      return "denied";
    case "SecurityError":
      return "insecure";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "failed";
  }
}

/** Whether one of the two was allowed before: then asking for it alone shows no second question. */
export async function someAllowed(): Promise<boolean> {
  const states = await Promise.all(
    ["microphone", "camera"].map(name =>
      navigator.permissions
        .query({ name: name as PermissionName })
        .then(status => status.state)
        .catch(() => "unknown"),
    ),
  );
  return states.includes("granted");
}
