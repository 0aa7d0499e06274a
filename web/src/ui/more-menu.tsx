import type { ComponentChildren } from "preact";
import { MoreIcon } from "./icons.js";
import { Popover } from "./popover.js";
import { text } from "./text.js";

export interface MoreItem {
  readonly name: string;
  readonly icon: ComponentChildren;
  /** The key that does the same. */
  readonly key?: string;
  /** Only where the window is too narrow for its own button. */
  readonly narrow?: boolean;
  readonly act: () => void;
}

/** What is wanted less often, and in a narrow window what has no room. */
export function MoreMenu({ items }: { items: readonly MoreItem[] }) {
  return (
    <Popover name={text.more.open} icon={<MoreIcon />}>
      {close => (
        <ul class="menu" aria-label={text.more.open}>
          {items.map(({ name, icon, key, narrow, act }) => (
            <li key={name} class={narrow === true ? "narrow-only" : ""}>
              <button
                type="button"
                onClick={() => {
                  close();
                  act();
                }}
              >
                {icon}
                <span>{name}</span>
                {key !== undefined && <kbd>{key}</kbd>}
              </button>
            </li>
          ))}
        </ul>
      )}
    </Popover>
  );
}
