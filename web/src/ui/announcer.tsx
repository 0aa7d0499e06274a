import { useEffect, useRef, useState } from "preact/hooks";
import { protectionOf } from "../call/protection.js";
import type { CallView } from "../call/view.js";
import { words } from "./lock-button.js";
import { REACTIONS } from "./reaction-menu.js";
import { text } from "./text.js";

interface Props {
  view: CallView;
  /** The room's link has a secret. */
  secret: boolean;
  /** Its own live region reads messages aloud. */
  chatOpen: boolean;
}

/** Tells screen readers what others see happen: messages, reactions, raised hands, the lock, another protection. */
export function Announcer({ view, secret, chatOpen }: Props) {
  const [said, say] = useState("");
  const { chat, reactions, people } = view;

  const message = chat.at(-1);
  useNew(message?.id, () => {
    if (message === undefined || message.own || chatOpen) return;
    say(text.announce.message(message.name, message.text));
  });

  const reaction = reactions.at(-1);
  useNew(reaction?.id, () => {
    if (reaction === undefined) return;
    const name = text.reaction.names[REACTIONS.findIndex(emoji => emoji === reaction.emoji)];
    say(text.announce.reaction(reaction.name, name ?? reaction.emoji));
  });

  const hands = people.filter(({ own, handOrder }) => !own && handOrder !== undefined);
  const latest = hands.toSorted((a, b) => (a.handOrder ?? 0) - (b.handOrder ?? 0)).at(-1);
  useNew(latest && `${latest.client} ${latest.handOrder}`, () => {
    if (latest !== undefined) say(text.announce.hand(latest.name));
  });

  const recorder = people.findLast(({ own, recording }) => !own && recording);
  useNew(recorder?.client, () => {
    if (recorder !== undefined) say(text.announce.recording(recorder.name));
  });

  const { locked } = view.room;
  useNew(String(locked), () => say(locked ? text.announce.locked : text.announce.unlocked));

  const protection = words(protectionOf(view, secret));
  useNew(protection, () => say(protection));

  return (
    <p class="visually-hidden" role="status" data-testid="announced">
      {said}
    </p>
  );
}

/** Runs when the key becomes another one, not for the first. */
function useNew(key: string | number | undefined, act: () => void): void {
  const known = useRef(key);
  useEffect(() => {
    if (known.current === key) return;
    known.current = key;
    if (key !== undefined) act();
  }, [key]);
}
