import { useId } from "preact/hooks";
import type { DeviceKind, DeviceView, Devices } from "../call/devices.js";
import { useObservable } from "./hooks.js";
import { text } from "./text.js";

/**
 * Grows and shrinks as devices come and go, so nothing that a person aims at may stand below or beside it. That an effect
 * failed stands where effects are chosen: see `EffectsPlace`.
 */
export function DeviceChoices({ devices }: { devices: Devices }) {
  const view = useObservable(devices.view);
  const problems = (["microphone", "camera"] as const).flatMap(kind => {
    const problem = view[kind].problem;
    return problem === undefined || problem === "effect" ? [] : [text.deviceProblem(kind, problem)];
  });
  const plugged = (["microphone", "camera"] as const).flatMap(kind => {
    const { plugged, on } = view[kind];
    return plugged?.first === true && !on ? [text.devicePlugged(kind, plugged.label, true)] : [];
  });
  return (
    <div class="choices">
      <div class="choice-pair">
        <Choice devices={devices} kind="microphone" view={view.microphone} />
        <Choice devices={devices} kind="camera" view={view.camera} />
        <SpeakerChoice devices={devices} />
      </div>
      <div role="status">
        {problems.map(problem => (
          <p key={problem} class="problem">
            {problem}
          </p>
        ))}
        {plugged.map(words => (
          <p key={words} class="hint">
            {words}
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

/** Where the browser lets a page choose. */
function SpeakerChoice({ devices }: { devices: Devices }) {
  const { choices, chosen, asks } = useObservable(devices.speaker);
  const id = useId();
  const ask = asks && (
    <button type="button" class="button" onClick={() => void devices.askForSpeaker()}>
      {text.lobby.chooseSpeaker}
    </button>
  );
  if (choices.length === 0) return asks ? <div class="choose-speaker">{ask}</div> : null;
  return (
    <div>
      <label for={id}>{text.device.speaker}</label>
      <select
        id={id}
        value={choices.some(choice => choice.id === chosen) ? chosen : ""}
        onChange={event => devices.chooseSpeaker(event.currentTarget.value)}
      >
        <option value="">{text.lobby.defaultChoice}</option>
        {choices
          .filter(choice => choice.id !== "default")
          .map((choice, index) => (
            <option key={choice.id} value={choice.id}>
              {choice.label || text.lobby.unnamed(text.device.speaker, index + 1)}
            </option>
          ))}
      </select>
      {ask}
    </div>
  );
}
