import { useId, useRef, useState } from "preact/hooks";
import type { DeviceKind, DeviceView, Devices } from "../call/devices.js";
import type { Route } from "../call/link.js";
import { recall } from "../call/preferences.js";
import { unsupported } from "../call/support.js";
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
  const [name, setName] = useState(() => recall("name"));
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
        {devices !== undefined && <Choices devices={devices} />}
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

/** Grows and shrinks as devices come and go, so nothing that a person aims at may stand below or beside it. */
function Choices({ devices }: { devices: Devices }) {
  const view = useObservable(devices.view);
  const problems = (["microphone", "camera"] as const).flatMap(kind => {
    const problem = view[kind].problem;
    return problem === undefined ? [] : [text.deviceProblem(kind, problem)];
  });
  return (
    <div class="choices">
      <div class="choice-pair">
        <Choice devices={devices} kind="microphone" view={view.microphone} />
        <Choice devices={devices} kind="camera" view={view.camera} />
      </div>
      <div role="status">
        {problems.map(problem => (
          <p key={problem} class="problem">
            {problem}
          </p>
        ))}
        {problems.length === 2 && <p class="hint">{text.lobby.noDevices}</p>}
      </div>
    </div>
  );
}

function Choice(props: { devices: Devices; kind: DeviceKind; view: DeviceView }) {
  const { devices, kind, view } = props;
  const id = useId();
  const known = view.choices.some(choice => choice.id === view.chosen);
  return (
    <div>
      <label for={id}>{text.device[kind]}</label>
      <select
        id={id}
        value={known ? view.chosen : ""}
        disabled={view.choices.length === 0}
        onChange={event => void devices.choose(kind, event.currentTarget.value)}
      >
        {!known && (
          <option value="">
            {view.choices.length === 0 ? text.lobby.noChoice : text.lobby.defaultChoice}
          </option>
        )}
        {view.choices.map((choice, index) => (
          <option key={choice.id} value={choice.id}>
            {choice.label || text.lobby.unnamed(text.device[kind], index + 1)}
          </option>
        ))}
      </select>
    </div>
  );
}
