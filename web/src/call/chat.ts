/** What was said in writing, as long as the call lasts: nothing of it is kept anywhere. Pure. */
import type { CallEvent } from "../worker/messages.js";

export interface ChatMessage {
  /** The author's own id for it, with the author's identity before it: one person cannot take another's. */
  readonly id: string;
  readonly client: string;
  readonly name: string;
  readonly identity: string;
  readonly own: boolean;
  readonly text: string;
  /** When it came, in milliseconds since 1970. */
  readonly at: number;
}

/** So many messages are kept. */
const MESSAGES_MAX = 1_000;

export function withMessage(
  chat: readonly ChatMessage[],
  event: CallEvent & { type: "chat" },
  at: number,
): readonly ChatMessage[] {
  const { client, name, identity, own, text } = event;
  const id = `${identity} ${event.id}`;
  if (chat.some(message => message.id === id)) return chat;
  return [...chat, { id, client, name, identity, own, text, at }].slice(-MESSAGES_MAX);
}

export type Piece = { readonly text: string; readonly link?: string };

const LINK = /\bhttps?:\/\/[^\s<>"'`]+/giu;
/** What ends a sentence, and so is not part of a link at its end. */
const AFTER_LINK = /[.,;:!?…)\]}»”’]+$/u;

/** Text and links in turn. Only http and https become links, so none can run a script. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const link = withoutTail(match[0]);
    if (!URL.canParse(link)) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: link, link });
    end = match.index + link.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** A closing bracket stays if it was opened within the link. */
function withoutTail(link: string): string {
  const tail = AFTER_LINK.exec(link)?.[0] ?? "";
  if (tail.startsWith(")") && link.includes("("))
    return link.slice(0, link.length - tail.length + 1);
  return link.slice(0, link.length - tail.length);
}
