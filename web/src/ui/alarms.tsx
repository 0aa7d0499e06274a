import { useId, useRef } from "preact/hooks";
import type { Alarm } from "../call/view.js";
import { WarningIcon } from "./icons.js";
import { text } from "./text.js";

interface Props {
  alarms: readonly Alarm[];
  /** Without it there is nothing to dismiss: the page that shows them is the last one. */
  dismiss?: (id: number) => void;
}

/** What a person must not miss, the latest first. Stays until the person says that it was seen. */
export function Alarms({ alarms, dismiss }: Props) {
  const place = useRef<HTMLDivElement>(null);
  return (
    <div ref={place} class="alarms" tabIndex={-1}>
      {alarms.toReversed().map(({ id, text: words }) => (
        <AlarmBox
          key={id}
          words={text.fromCore(words)}
          dismiss={
            dismiss &&
            (() => {
              // The button that has the focus goes: from its place on with the keyboard, not from the page's start.
              place.current?.focus();
              dismiss(id);
            })
          }
        />
      ))}
    </div>
  );
}

function AlarmBox({ words, dismiss }: { words: string; dismiss: (() => void) | undefined }) {
  const id = useId();
  return (
    <div class="alarm" role="alert">
      <WarningIcon />
      <p id={id}>{words}</p>
      {dismiss !== undefined && (
        <button type="button" class="button small" aria-describedby={id} onClick={dismiss}>
          {text.alarm.seen}
        </button>
      )}
    </div>
  );
}
