/** The large or first picture of another person in a window of its own. */

export function pictureInPictureAvailable(): boolean {
  return (document.pictureInPictureEnabled as boolean | undefined) === true;
}

/** Whether it worked; false as well where there is no picture to show. */
export async function pictureInPicture(place: HTMLElement | null): Promise<boolean> {
  if (document.pictureInPictureElement !== null) {
    await document.exitPictureInPicture();
    return true;
  }
  const video =
    place?.querySelector<HTMLVideoElement>(".tile.share video.live") ??
    place?.querySelector<HTMLVideoElement>(".tile:not([data-own=true]) video.live");
  if (video == null) return false;
  try {
    await video.requestPictureInPicture();
    return true;
  } catch {
    return false;
  }
}
