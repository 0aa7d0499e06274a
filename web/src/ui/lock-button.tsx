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
      <span class="lock-words">{words(protection)}</span>
      <span class="lock-short" aria-hidden="true">
        {text.lockShort[protection.type]}
      </span>
    </button>
  );
}

/** The sentence for what holds now. */
export function words(protection: Protection): string {
  switch (protection.type) {
    case "unreadable":
    case "doubt":
    case "caution":
      return text.lock[protection.type](protection.people.map(({ name }) => name));
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
