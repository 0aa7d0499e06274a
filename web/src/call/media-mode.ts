/** How much a call may take of the network. Pure. */
import type { RemoteTrack } from "../generated/RemoteTrack.js";

export type MediaMode =
  | "full"
  /** A small picture is sent, and of the others' cameras only the one that is shown large is received. */
  | "saver"
  /** Sound alone, and what others show of their screens. */
  | "audio";

export const MEDIA_MODES: readonly MediaMode[] = ["full", "saver", "audio"];

/** What to receive. `main`: the client that is shown large, if one is. */
export function receivedIn(
  mode: MediaMode,
  tracks: readonly RemoteTrack[],
  main: string | undefined,
): readonly RemoteTrack[] {
  switch (mode) {
    case "full":
      return tracks;
    case "saver":
      return tracks.filter(({ client, source }) => source !== "camera" || client === main);
    case "audio":
      return tracks.filter(({ source }) => source !== "camera");
  }
}
