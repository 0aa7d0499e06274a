import type { Trust } from "../call/trust.js";
import { NewIcon, PeopleIcon, QuestionIcon, SeenIcon, ShieldIcon, WarningIcon } from "./icons.js";
import { text } from "./text.js";

/** What to show of it where there is room for one mark. */
export type Mark = "own" | "own_key" | "unconfirmed" | "verified" | "seen" | "new" | "warning";

/** A warning goes first, but to who is verified under this name another's claim to the name does no harm. */
export function markOf({ state, warnings }: Trust): Mark {
  if (state.type === "unconfirmed") return warnings.length > 0 ? "warning" : "unconfirmed";
  const harmless = state.type === "verified";
  const grave = warnings.some(({ type }) => !(harmless && type === "same_name_now"));
  return grave ? "warning" : state.type;
}

const ICONS = {
  own: PeopleIcon,
  own_key: PeopleIcon,
  unconfirmed: QuestionIcon,
  verified: ShieldIcon,
  seen: SeenIcon,
  new: NewIcon,
  warning: WarningIcon,
};

/** A word with an icon of its own shape: nothing hangs on colour. */
export function TrustMark({ mark }: { mark: Mark }) {
  const Icon = ICONS[mark];
  return (
    <span class={`mark ${mark}`} data-mark={mark}>
      <Icon />
      <span class="mark-word">{text.trust.mark[mark]}</span>
    </span>
  );
}
