import { type Protection, protectionOf } from "../call/protection.js";
import type { CallView } from "../call/view.js";
import { LockIcon, OpenLockIcon, ShieldIcon, WarningIcon } from "./icons.js";
import { text } from "./text.js";

interface Props {
  view: CallView;
  /** The room's link has a secret. */
  secret: boolean;
  open: () => void;
}

/** What protects the call now, in one sentence; opens the panel that says more. */
export function LockButton({ view, secret, open }: Props) {
  const protection = protectionOf(view, secret);
  const { Icon, look } = LOOKS[protection.type];
  return (
    <button
      type="button"
      class={`lock ${look}`}
      data-protection={protection.type}
      aria-haspopup="dialog"
      onClick={open}
    >
      <Icon />
      <span>{words(protection)}</span>
    </button>
  );
}

/** A sentence is read at a glance, on a phone too: so many names, and so many reasons. */
const NAMES_MAX = 3;
const REASONS_MAX = 2;

function few(names: readonly string[]): readonly string[] {
  if (names.length <= NAMES_MAX) return names;
  return [...names.slice(0, NAMES_MAX - 1), text.lock.others(names.length - NAMES_MAX + 1)];
}

/** The sentence for what holds now. */
export function words(protection: Protection): string {
  switch (protection.type) {
    case "unreadable": {
      const reasons = new Map<string, string[]>();
      for (const { name, unreadable } of protection.people) {
        if (unreadable === undefined) continue;
        const why = text.quality.unreadable[unreadable];
        reasons.set(why, [...(reasons.get(why) ?? []), name]);
      }
      if (reasons.size > REASONS_MAX) {
        return text.lock.unreadable(
          few(protection.people.map(({ name }) => name)),
          text.lock.whyOnTiles,
        );
      }
      return [...reasons].map(([why, names]) => text.lock.unreadable(few(names), why)).join(" ");
    }
    case "doubt":
    case "caution":
      return text.lock[protection.type](few(protection.people.map(({ name }) => name)));
    default:
      return text.lock[protection.type];
  }
}

const LOOKS = {
  none: { Icon: OpenLockIcon, look: "" },
  alarm: { Icon: WarningIcon, look: "bad" },
  differs: { Icon: WarningIcon, look: "bad" },
  emoji: { Icon: WarningIcon, look: "bad" },
  unreadable: { Icon: WarningIcon, look: "warn" },
  doubt: { Icon: WarningIcon, look: "warn" },
  caution: { Icon: LockIcon, look: "warn" },
  open: { Icon: OpenLockIcon, look: "warn" },
  verified: { Icon: ShieldIcon, look: "good" },
  protected: { Icon: LockIcon, look: "" },
};
