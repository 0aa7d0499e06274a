import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { DeviceKind, DeviceView, Devices } from "../call/devices.js";
import { type Doors, doorsOf } from "../call/doors.js";
import type { Route } from "../call/link.js";
import { suggestedName, tokenFor } from "../call/own-token.js";
import { OwnVoice } from "../call/own-voice.js";
import { recall } from "../call/preferences.js";
import { unsupported } from "../call/support.js";
import { errorOf, report } from "../report.js";
import { DeviceChoices } from "./device-choices.js";
import { ownEffects } from "../effects/own.js";
import { EffectsPlace } from "./effects-place.js";
import { useObservable, useStream, useTrackStream } from "./hooks.js";
import { CameraIcon, LockIcon, Logo, MicrophoneIcon, OpenLockIcon } from "./icons.js";
import { PageTitle } from "./page-title.js";
import { text } from "./text.js";

const NAME_MAX = 40;

interface Props {
  route: Route & { type: "room" };
  /** Nothing if this browser cannot join. */
  devices: Devices | undefined;
  join: (name: string) => void;
  home: () => void;
}

export function Lobby({ route, devices, join, home }: Props) {
  const [name, setName] = useState(() => suggestedName(route.room) || recall("name"));
  const [problem, setProblem] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const field = useId();
  const error = useId();
  const reason = unsupported();

  const submit = (event: Event) => {
    event.preventDefault();
    if (reason !== undefined) return;
    const trimmed = name.trim();
    if (trimmed === "") {
      setProblem(text.lobby.nameMissing);
      input.current?.focus();
      return;
    }
    join(trimmed);
  };

  return (
    <div class="page lobby">
      <header class="brand">
        <a
          href="/"
          onClick={event => {
            event.preventDefault();
            home();
          }}
        >
          <Logo />
          {text.product}
        </a>
      </header>
      <main class="lobby-main">
        {devices === undefined ? <NoSelfView /> : <SelfView devices={devices} />}
        <form class="card" onSubmit={submit} noValidate>
          <PageTitle>
            {route.secret ? text.lobby.title : text.lobby.titleNamed(route.room)}
          </PageTitle>
          <p class={route.secret ? "protection" : "protection warn"}>
            {route.secret ? <LockIcon /> : <OpenLockIcon />}
            <span>{route.secret ? text.lobby.secretRoom : text.lobby.namedRoom}</span>
          </p>
          <WhoIsThere room={route.room} />
          {reason !== undefined && (
            <p class="problem block" role="alert">
              {text.unsupported[reason]}
            </p>
          )}
          <label for={field}>{text.lobby.name}</label>
          <input
            id={field}
            ref={input}
            type="text"
            autocomplete="name"
            maxLength={NAME_MAX}
            placeholder={text.lobby.namePlaceholder}
            value={name}
            aria-invalid={problem !== ""}
            aria-describedby={error}
            onInput={event => {
              setName(event.currentTarget.value);
              setProblem("");
            }}
          />
          <p id={error} class="problem" role="alert">
            {problem}
          </p>
          <button type="submit" class="button primary large" disabled={reason !== undefined}>
            {text.lobby.join}
          </button>
        </form>
        {devices !== undefined && <DeviceChoices devices={devices} />}
        {devices !== undefined && <EffectsPlace devices={devices} />}
      </main>
    </div>
  );
}

function NoSelfView() {
  return (
    <div class="self-view">
      <p class="self-empty">{text.lobby.cameraOff}</p>
    </div>
  );
}

function SelfView({ devices }: { devices: Devices }) {
  const { microphone, camera } = useObservable(devices.view);
  const stream = useTrackStream(camera.track);
  const video = useStream<HTMLVideoElement>(stream);
  const pending = microphone.pending || camera.pending;
  const covering = useObservable(ownEffects.view).state.camera === "starting";
  const waiting = covering ? text.effects.starting : text.lobby.asking;
  return (
    <div class="self-view">
      <video
        ref={video}
        class="mirrored"
        hidden={stream === undefined}
        aria-label={text.lobby.selfView}
        muted
        playsInline
        autoplay
      />
      {stream === undefined && (
        <p class="self-empty" role="status">
          {pending ? waiting : text.lobby.cameraOff}
        </p>
      )}
      <div class="self-tools">
        <Toggle devices={devices} kind="microphone" view={microphone} />
        <Toggle devices={devices} kind="camera" view={camera} />
      </div>
      <Level track={microphone.on ? microphone.track : undefined} />
    </div>
  );
}

function Toggle(props: { devices: Devices; kind: DeviceKind; view: DeviceView }) {
  const { devices, kind, view } = props;
  return (
    <button
      type="button"
      class="tool"
      aria-pressed={view.on}
      onClick={() => void devices.toggle(kind)}
    >
      {kind === "microphone" ? <MicrophoneIcon off={!view.on} /> : <CameraIcon off={!view.on} />}
      <span>{text.device[kind]}</span>
    </button>
  );
}

/** How loud the microphone is, so that nobody has to ask whether they are heard. */
function Level({ track }: { track: MediaStreamTrack | undefined }) {
  const [voice] = useState(() => new OwnVoice());
  const { level } = useObservable(voice.view);
  useEffect(() => voice.listen(track), [track]);
  useEffect(() => () => voice.stop(), []);
  if (track === undefined) return null;
  return (
    <meter class="level" aria-label={text.lobby.level} min={0} max={1} value={level}>
      {Math.round(level * 100)} %
    </meter>
  );
}

const COUNT_EVERY_MS = 5_000;

/** How many are in the room. Who they are only the group can say, from inside. */
function WhoIsThere({ room }: { room: string }) {
  const [words, setWords] = useState("");
  /** Why this person may not get in. */
  const [doubt, setDoubt] = useState("");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = new AbortController();
    let answered = true;
    const ask = async () => {
      try {
        const response = await fetch(`/api/rooms/${room}`, { signal: stop.signal });
        const answer: unknown = await response.json();
        const { present } = answer as { present: unknown };
        if (typeof present === "number") {
          setWords(text.lobby.present(present));
          setDoubt(doubtOf(doorsOf(answer), present, tokenFor(room) !== undefined));
        }
        answered = true;
      } catch (error) {
        if (stop.signal.aborted) return;
        // Once, not every few seconds.
        if (answered) report("people-not-counted", { online: navigator.onLine, ...errorOf(error) });
        answered = false;
        setWords(navigator.onLine ? text.lobby.unreachable : text.lobby.offline);
      }
      timer = setTimeout(() => void ask(), COUNT_EVERY_MS);
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [room]);
  return (
    <>
      <p class="hint" role="status" data-testid="present">
        {words}
      </p>
      {doubt !== "" && (
        <p class="protection warn" role="status">
          <span>{doubt}</span>
        </p>
      )}
    </>
  );
}

/** What a token gives only the server can tell; without one it is clear. */
function doubtOf(doors: Doors, present: number, hasToken: boolean): string {
  if (hasToken || doors === "link") return "";
  if (doors === "token") return text.lobby.tokenNeeded;
  return present === 0 ? text.lobby.notBegun : "";
}
