/** The large or first picture of another person in a window of its own. */
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { errorOf, report } from "../report.js";

/** Whoever shares a screen wants to see the others meanwhile, not that screen in itself. */
const OTHERS = ".tile:not([data-own=true])";

export function pictureInPictureAvailable(): boolean {
  return (document.pictureInPictureEnabled as boolean | undefined) === true;
}

/** Opens or closes the window. Whether it worked; false as well where there is no picture to show. */
export async function pictureInPicture(place: HTMLElement | null): Promise<boolean> {
  if (document.pictureInPictureElement !== null) {
    await document.exitPictureInPicture();
    return true;
  }
  const video = pictureIn(place, ".live");
  if (video === undefined) return false;
  try {
    await video.requestPictureInPicture();
    return true;
  } catch (error) {
    report("no-picture-in-picture", errorOf(error));
    return false;
  }
}

/** Browsers go on showing the last frame of a tile that is gone: another picture takes its place, or the window closes. */
export function usePictureInPicture(place: RefObject<HTMLElement | null>): void {
  // After each drawing: tiles come and go with it, and the next one tries again what was too early.
  useEffect(() => {
    const outside = document.pictureInPictureElement as Element | null | undefined;
    if (outside?.isConnected === false) void replace(place.current);
  });
  useEffect(() => close, []);
}

async function replace(place: HTMLElement | null): Promise<void> {
  const video = pictureIn(place, "");
  if (video === undefined) return close();
  // One that shows nothing yet is refused. It needs no click as long as the window is open.
  await video.requestPictureInPicture().catch(() => undefined);
}

function close(): void {
  if (document.pictureInPictureElement == null) return;
  void document.exitPictureInPicture().catch(() => undefined);
}

function pictureIn(place: HTMLElement | null, state: "" | ".live"): HTMLVideoElement | undefined {
  return (
    place?.querySelector<HTMLVideoElement>(`${OTHERS}.share video${state}`) ??
    place?.querySelector<HTMLVideoElement>(`${OTHERS} video${state}`) ??
    undefined
  );
}
