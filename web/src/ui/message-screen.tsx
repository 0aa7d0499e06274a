import type { ComponentChildren } from "preact";
import type { Alarm, Ended } from "../call/view.js";
import { Alarms } from "./alarms.js";
import { Logo } from "./icons.js";
import { PageTitle } from "./page-title.js";
import { text } from "./text.js";

interface Props {
  title: string;
  hint: string;
  home: () => void;
  /** Whether it is bad news. */
  alert?: boolean;
  alarms?: readonly Alarm[];
  children?: ComponentChildren;
}

/** A page with one thing to say. */
export function MessageScreen({ title, hint, home, alert = false, alarms = [], children }: Props) {
  return (
    <div class="page message">
      <header class="brand">
        <Logo />
        {text.product}
      </header>
      <main class="card">
        {alarms.length > 0 && <Alarms alarms={alarms} />}
        <div role={alert ? "alert" : "status"}>
          <PageTitle>{title}</PageTitle>
          <p>{hint}</p>
        </div>
        <div class="row">
          {children}
          <button type="button" class="button" onClick={home}>
            {text.over.home}
          </button>
        </div>
      </main>
    </div>
  );
}

/** After the call, however it ended. */
export function Over(props: {
  ended: Ended;
  /** Those that nobody has dismissed. */
  alarms: readonly Alarm[];
  rejoin: () => void;
  home: () => void;
}) {
  const { ended, alarms, rejoin, home } = props;
  const [title, hint] = wordsOf(ended);
  // Another worker would not load either: this page may be of an older version than the server.
  const reload = ended.type === "failed" && ended.reason === "not_loaded";
  return (
    <MessageScreen
      title={title}
      hint={hint}
      home={home}
      alert={ended.type !== "left"}
      alarms={alarms}
    >
      <button
        type="button"
        class="button primary"
        onClick={reload ? () => location.reload() : rejoin}
      >
        {reload ? text.over.reload : text.over.rejoin}
      </button>
    </MessageScreen>
  );
}

/** The core's errors begin small and have no full stop. */
function sentence(words: string): string {
  const [first = "", ...rest] = words;
  return first.toUpperCase() + rest.join("") + (/[.!?]$/.test(words) ? "" : ".");
}

function wordsOf(ended: Ended): [string, string] {
  switch (ended.type) {
    case "left":
      return [text.over.left, text.over.leftHint];
    case "ended":
      return [text.over.ended, text.fromCore(ended.text)];
    case "failed":
      return ended.reason === "refused"
        ? [text.over.refused, sentence(text.fromCore(ended.text))]
        : [text.over.failed, text.over.failure[ended.reason]];
  }
}
