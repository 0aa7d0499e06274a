/** What kind of media a source makes: the one place that both page and worker take it from. */
import type { MediaKind } from "./generated/MediaKind.js";
import type { Source } from "./generated/Source.js";

export function kindOf(source: Source): MediaKind {
  return source === "camera" || source === "screen" ? "video" : "audio";
}
