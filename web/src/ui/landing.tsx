import { useId, useRef, useState } from "preact/hooks";
import { makeRoom } from "../call/call-worker.js";
import { readTyped, routeOf } from "../call/link.js";
import { hasTokenForEveryRoom } from "../call/own-token.js";
import { forgetPeople, rememberHostSecret } from "../call/preferences.js";
import { recentRooms, forgetRoom } from "../call/recent-rooms.js";
import { errorOf, report } from "../report.js";
import { ForgetIdentity } from "./forget-identity.js";
import { CloseIcon, LockIcon, Logo, OpenLockIcon } from "./icons.js";
import { LanguageChoice } from "./language-choice.js";
import { PageTitle } from "./page-title.js";
import { language, text } from "./text.js";
import { useDoors } from "./use-doors.js";

export function Landing({ go }: { go: (path: string) => void }) {
  const [typed, setTyped] = useState("");
  /** What is wrong with what was typed. */
  const [invalid, setInvalid] = useState("");
  /** Why no link was made. */
  const [problem, setProblem] = useState("");
  const [making, setMaking] = useState(false);
  const doors = useDoors();
  const input = useRef<HTMLInputElement>(null);
  const field = useId();
  const hint = useId();

  const newCall = async () => {
    setMaking(true);
    setProblem("");
    try {
      const { path, hostSecret } = await makeRoom();
      const route = routeOf(...partsOf(path));
      if (route.type === "room") rememberHostSecret(route.room, hostSecret);
      go(path);
    } catch (error) {
      report("room-not-made", errorOf(error));
      setProblem(text.landing.failed);
      setMaking(false);
    }
  };

  const join = (event: Event) => {
    event.preventDefault();
    const read = readTyped(typed, location.host);
    if (read.type === "path") go(read.path);
    else {
      setInvalid(read.type === "other_host" ? text.landing.otherHost(read.host) : text.landing.bad);
      input.current?.focus();
    }
  };

  const read = readTyped(typed, location.host);
  const named = read.type === "path" && !read.path.startsWith("/r/_");

  return (
    <div class="page landing">
      <header class="brand">
        <Logo />
        {text.product}
      </header>
      <main class="hero">
        <PageTitle>{text.landing.title}</PageTitle>
        <p class="sentence">{text.landing.sentence}</p>
        {doors === "link" || hasTokenForEveryRoom() ? (
          <>
            <button
              type="button"
              class="button primary large"
              disabled={making}
              onClick={() => void newCall()}
            >
              {making ? text.landing.making : text.landing.newCall}
            </button>
            <p class="hint">{text.landing.newCallHint}</p>
            <p class="problem" role="alert">
              {problem}
            </p>
            <p class="or" aria-hidden="true">
              {text.landing.or}
            </p>
          </>
        ) : (
          <p class="not-for-all" role="status">
            {text.landing.notForAll[doors]}
          </p>
        )}
        <form class="join" onSubmit={join} noValidate>
          <label for={field}>{text.landing.field}</label>
          <div class="row">
            <input
              id={field}
              ref={input}
              type="text"
              autocomplete="off"
              autocapitalize="none"
              spellcheck={false}
              placeholder={text.landing.placeholder}
              value={typed}
              aria-invalid={invalid !== ""}
              aria-describedby={hint}
              onInput={event => {
                setTyped(event.currentTarget.value);
                setInvalid("");
              }}
            />
            <button type="submit" class="button">
              {text.landing.join}
            </button>
          </div>
          <div id={hint}>
            {named && <p class="hint warn">{text.landing.namedHint}</p>}
            <p class="problem" role="alert">
              {invalid}
            </p>
          </div>
        </form>
      </main>
      <Recent go={go} />
      <footer>
        <ul class="points">
          {text.landing.points.map(point => (
            <li key={point}>{point}</li>
          ))}
        </ul>
        <div class="landing-foot">
          <LanguageChoice />
          <ForgetIdentity forgetPeople={forgetPeople} />
        </div>
      </footer>
    </div>
  );
}

/** The rooms that this device was in, the latest first. */
function Recent({ go }: { go: (path: string) => void }) {
  const [rooms, setRooms] = useState(recentRooms);
  const heading = useId();
  if (rooms.length === 0) return null;
  const when = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  return (
    <section class="recent" aria-labelledby={heading}>
      <h2 id={heading}>{text.recent.title}</h2>
      <ul>
        {rooms.map(({ link, at }) => {
          const route = routeOf(...partsOf(link));
          if (route.type !== "room") return null;
          const name = route.secret ? text.recent.secret : route.room;
          const label = `${name}, ${when.format(at)}`;
          return (
            <li key={link}>
              <a
                href={link}
                onClick={event => {
                  event.preventDefault();
                  go(link);
                }}
              >
                {route.secret ? <LockIcon /> : <OpenLockIcon />}
                <span class="recent-name">{name}</span>
                <span class="hint">{when.format(at)}</span>
              </a>
              <button
                type="button"
                class="icon-button"
                aria-label={text.recent.forget(label)}
                title={text.recent.forgetTip}
                onClick={() => {
                  forgetRoom(link);
                  setRooms(recentRooms());
                }}
              >
                <CloseIcon />
              </button>
            </li>
          );
        })}
      </ul>
      <p class="hint">{text.recent.hint}</p>
    </section>
  );
}

function partsOf(path: string): [string, string] {
  const url = new URL(path, location.origin);
  return [url.pathname, url.hash];
}
