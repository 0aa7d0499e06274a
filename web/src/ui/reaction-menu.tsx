import { useLayoutEffect, useRef } from "preact/hooks";
import { SmileIcon } from "./icons.js";
import { Popover } from "./popover.js";
import { text } from "./text.js";

/** In the order of their names in the texts. */
export const REACTIONS = ["👍", "❤️", "😂", "😮", "👏", "🎉", "🙏", "👎"] as const;

/** A few emoji to float over the own picture on everyone's screen. */
export function ReactionMenu({ react }: { react: (emoji: string) => void }) {
  return (
    <Popover name={text.reaction.open} icon={<SmileIcon />}>
      {close => (
        <Choice
          choose={emoji => {
            react(emoji);
            close();
          }}
        />
      )}
    </Popover>
  );
}

function Choice({ choose }: { choose: (emoji: string) => void }) {
  const first = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => first.current?.focus(), []);
  return (
    <div class="emoji-choice" role="group" aria-label={text.reaction.open}>
      {REACTIONS.map((emoji, index) => (
        <button
          key={emoji}
          ref={index === 0 ? first : null}
          type="button"
          class="icon-button emoji-button"
          aria-label={text.reaction.names[index] ?? emoji}
          onClick={() => choose(emoji)}
        >
          {emoji}
        </button>
      ))}
    </div>
  );
}
