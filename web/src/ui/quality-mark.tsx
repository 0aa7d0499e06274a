import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Quality } from "../call/quality.js";
import type { Unreadable } from "../call/view.js";
import { text } from "./text.js";

interface Props {
  quality: Quality;
  unreadable: Unreadable | undefined;
  own: boolean;
}

/** Bars for a connection that is not good. A good one needs no mark. */
export function QualityMark({ quality, unreadable, own }: Props) {
  const { level, reason } = quality;
  const words =
    unreadable !== undefined
      ? text.quality.unreadable[unreadable]
      : reason === undefined
        ? undefined
        : text.quality[own ? "own" : "other"][reason];
  if (words === undefined) return null;
  return <Bars words={words} poor={unreadable !== undefined || level === "poor"} />;
}

/** Says why on hover and on focus, until Escape (WCAG 2.2, 1.4.13). */
function Bars({ words, poor }: { words: string; poor: boolean }) {
  const [closed, setClosed] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    // Listens as soon as it is drawn; also while the focus is elsewhere and somebody only points at the mark. Before others
    // hear the key: it closes one thing at a time.
    const close = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || closed) return;
      if (button.current?.matches(":hover, :focus-visible") !== true) return;
      event.preventDefault();
      setClosed(true);
    };
    addEventListener("keydown", close, true);
    return () => removeEventListener("keydown", close, true);
  }, [closed]);
  const open = () => setClosed(false);
  return (
    <button
      ref={button}
      type="button"
      class={`quality ${poor ? "poor" : "fair"}`}
      aria-label={words}
      onPointerEnter={open}
      onFocus={open}
    >
      <svg class="bars" viewBox="0 0 16 14" aria-hidden="true">
        <rect x="1" y="9" width="3.5" height="4" rx="1" />
        <rect x="6.2" y="5" width="3.5" height="8" rx="1" class={poor ? "empty" : ""} />
        <rect x="11.5" y="1" width="3.5" height="12" rx="1" class="empty" />
      </svg>
      {!closed && (
        <span class="tip" aria-hidden="true">
          {words}
        </span>
      )}
    </button>
  );
}
