import type { Quality } from "../call/quality.js";
import type { Unreadable } from "../call/view.js";
import { text } from "./text.js";

interface Props {
  quality: Quality;
  unreadable: Unreadable | undefined;
  own: boolean;
}

/** Bars for a connection that is not good; why, on hover and on focus. A good one needs no mark. */
export function QualityMark({ quality, unreadable, own }: Props) {
  const { level, reason } = quality;
  const words =
    unreadable !== undefined
      ? text.quality.unreadable[unreadable]
      : reason === undefined
        ? undefined
        : text.quality[own ? "own" : "other"][reason];
  if (words === undefined) return null;
  const poor = unreadable !== undefined || level === "poor";
  return (
    <button type="button" class={`quality ${poor ? "poor" : "fair"}`} aria-label={words}>
      <svg class="bars" viewBox="0 0 16 14" aria-hidden="true">
        <rect x="1" y="9" width="3.5" height="4" rx="1" />
        <rect x="6.2" y="5" width="3.5" height="8" rx="1" class={poor ? "empty" : ""} />
        <rect x="11.500" y="1" width="3.5" height="12" rx="1" class="empty" />
      </svg>
      <span class="tip" aria-hidden="true">
        {words}
      </span>
    </button>
  );
}
