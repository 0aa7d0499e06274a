import { useEffect, useRef } from "preact/hooks";
import type { EmojiView } from "../generated/EmojiView.js";
import { text } from "./text.js";

interface Props {
  view: EmojiView;
  /** Whether there is nobody to compare with. */
  alone: boolean;
  start: () => void;
  cancel: () => void;
}

/** Six emoji that everyone reads aloud. */
export function VerifyEmoji({ view, alone, start, cancel }: Props) {
  const words = text.emoji;
  const button = useRef<HTMLButtonElement>(null);
  const busy = view.state === "asking" || view.state === "running";
  const wasBusy = useRef(busy);
  useEffect(() => {
    // The button that had the focus may be gone.
    if (wasBusy.current !== busy && document.activeElement === document.body) {
      button.current?.focus();
    }
    wasBusy.current = busy;
  }, [busy]);
  return (
    <section class="emoji-check" aria-label={words.title}>
      <h3>{words.title}</h3>
      <div role="status">
        <p class={view.state === "failed" ? "caution" : "hint"}>{sentenceOf(view, alone)}</p>
        {view.state === "done" && (
          <ol class="emoji-row" data-testid="emoji">
            {view.emoji.map(({ place, symbol, word }, index) => (
              <li key={index} data-place={place}>
                <span class="emoji" aria-hidden="true">
                  {symbol}
                </span>
                <span>{words.word(place) ?? word}</span>
              </li>
            ))}
          </ol>
        )}
      </div>
      {view.state === "running" && (
        <ul class="steps" aria-label={words.title} tabIndex={0}>
          {view.people.map(({ person, step }) => (
            <li key={person.client} data-step={step}>
              <span>{person.own ? text.call.ownLabel(person.name) : person.name}</span>
              <span>{words.step[step]}</span>
            </li>
          ))}
        </ul>
      )}
      {busy ? (
        <button ref={button} type="button" class="button small" onClick={cancel}>
          {words.cancel}
        </button>
      ) : (
        <button ref={button} type="button" class="button small" disabled={alone} onClick={start}>
          {view.state === "idle" ? words.start : words.again}
        </button>
      )}
    </section>
  );
}

function sentenceOf(view: EmojiView, alone: boolean): string {
  const words = text.emoji;
  switch (view.state) {
    case "idle":
      return alone ? words.alone : words.explain;
    case "asking":
      return words.asking;
    case "running":
      return words.running(view.starter);
    case "done":
      return words.done(view.starter);
    case "failed":
      return words.failure(view.reason);
  }
}
