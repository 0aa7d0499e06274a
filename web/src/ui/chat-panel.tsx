import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { type ChatMessage, piecesOf } from "../call/chat.js";
import { errorOf, report } from "../report.js";
import { hueOf } from "./avatar.js";
import { CopyIcon, SendIcon } from "./icons.js";
import { Panel } from "./panel.js";
import { language, text } from "./text.js";

/** As many characters as the core takes. Rust: tangelo_call's CHAT_MAX_CHARS. */
const WORDS_MAX = 2_000;
/** Nearer to the end than this, in pixels, a person reads along. */
const END_PX = 60;

interface Props {
  chat: readonly ChatMessage[];
  /** What is being written. It outlives the panel. */
  draft: string;
  setDraft: (draft: string) => void;
  say: (words: string) => void;
  copied: () => void;
  close: () => void;
}

/** What was written in this call, and a field to write. */
export function ChatPanel({ chat, draft, setDraft, say, copied, close }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const following = useRef(true);
  useLayoutEffect(() => field.current?.focus(), []);
  useLayoutEffect(() => {
    const element = list.current;
    if (element !== null && following.current) element.scrollTop = element.scrollHeight;
  }, [chat]);

  // The call is drawn twice a second, a long conversation only when it grows.
  const messages = useMemo(
    () =>
      chat.map((message, index) => (
        <Message
          key={message.id}
          message={message}
          more={chat[index - 1]?.identity === message.identity}
          copied={copied}
        />
      )),
    [chat],
  );

  const send = () => {
    if (draft.trim() === "") return;
    following.current = true;
    say(draft);
    setDraft("");
    field.current?.focus();
  };

  return (
    <Panel title={text.chat.title} close={close} look="chat">
      {chat.length === 0 && <p class="hint panel-empty">{text.chat.empty}</p>}
      <div
        ref={list}
        class="messages"
        role="log"
        aria-label={text.chat.messages}
        tabIndex={0}
        onScroll={event => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          following.current = scrollHeight - scrollTop - clientHeight < END_PX;
        }}
      >
        <ol>{messages}</ol>
      </div>
      <form
        class="writing"
        onSubmit={event => {
          event.preventDefault();
          send();
        }}
      >
        <textarea
          ref={field}
          rows={2}
          maxLength={WORDS_MAX}
          aria-label={text.chat.field}
          placeholder={text.chat.placeholder}
          value={draft}
          onInput={event => setDraft(event.currentTarget.value)}
          onKeyDown={event => {
            // The Enter that ends a composition (as of Japanese) sends nothing.
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <button type="submit" class="icon-button filled" aria-label={text.chat.send}>
          <SendIcon />
        </button>
      </form>
    </Panel>
  );
}

let formatter: Intl.DateTimeFormat | undefined;

/** Once the language is known. */
function timeOf(at: number): string {
  formatter ??= new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
  return formatter.format(at);
}

interface MessageProps {
  message: ChatMessage;
  /** Of the same person as the one before. */
  more: boolean;
  copied: () => void;
}

function Message({ message, more, copied }: MessageProps) {
  const { own, name, identity, at } = message;
  const copy = async () => {
    await navigator.clipboard.writeText(message.text);
    copied();
  };
  return (
    <li
      class={`message${own ? " own" : ""}${more ? " more" : ""}`}
      style={{ "--hue": String(hueOf(identity)) }}
    >
      <p class="message-head">
        <span class="message-name">{own ? text.call.you : name}</span>
        <time dateTime={new Date(at).toISOString()}>{timeOf(at)}</time>
      </p>
      <div class="message-body">
        <p class="message-text" dir="auto">
          {piecesOf(message.text).map(({ text: words, link }, index) =>
            link === undefined ? (
              words
            ) : (
              <a key={index} href={link} target="_blank" rel="noopener noreferrer nofollow">
                {words}
              </a>
            ),
          )}
        </p>
        <button
          type="button"
          class="icon-button copy"
          aria-label={text.chat.copy(name)}
          title={text.chat.copyTip}
          onClick={() =>
            void copy().catch((error: unknown) => report("not-copied", errorOf(error)))
          }
        >
          <CopyIcon />
        </button>
      </div>
    </li>
  );
}
