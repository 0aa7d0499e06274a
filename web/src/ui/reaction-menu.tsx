import { SmileIcon } from "./icons.js";
import { Popover } from "./popover.js";
import { text } from "./text.js";

const EMOJI = ["👍", "❤️", "😂", "😮", "👏", "🎉", "🙏", "👎"] as const;

/** A few emoji to float over the own picture on everyone's screen. */
export function ReactionMenu({ react }: { react: (emoji: string) => void }) {
  return (
    <Popover name={text.reaction.open} icon={<SmileIcon />}>
      {close => (
        <div class="emoji-choice" role="group" aria-label={text.reaction.open}>
          {EMOJI.map((emoji, index) => (
            <button
              key={emoji}
              type="button"
              class="icon-button emoji-button"
              aria-label={text.reaction.names[index] ?? emoji}
              ref={button => {
                if (index === 0) button?.focus();
              }}
              onClick={() => {
                react(emoji);
                close();
              }}
            >
              {emoji}
            </button>
          ))}
        </div>
      )}
    </Popover>
  );
}
