import { useId, useRef, useState } from "preact/hooks";
import {
  type Background,
  type Effects,
  type EffectsView,
  SCENE_NAMES,
  available,
} from "../effects/effects.js";
import { errorOf, report } from "../report.js";
import { useObservable } from "./hooks.js";
import { text } from "./text.js";

interface Props {
  effects: Pick<Effects, "view" | "suppressNoise" | "showBehind" | "showOwn">;
}

/** Effects on the own sound and picture, to be chosen in the lobby and during the call. */
export function EffectsPanel({ effects }: Props) {
  const view = useObservable(effects.view);
  const can = available();
  const [name, hint] = [useId(), useId()];
  return (
    <section class="effects" aria-label={text.effects.title}>
      {can.noise && (
        <label class="effect-switch">
          <span>
            <span id={name}>{text.effects.noise}</span>
            <small id={hint}>{text.effects.noiseHint}</small>
          </span>
          <input
            type="checkbox"
            role="switch"
            aria-labelledby={name}
            aria-describedby={hint}
            checked={view.noise}
            onChange={event => effects.suppressNoise(event.currentTarget.checked)}
          />
        </label>
      )}
      {can.background ? <Backgrounds view={view} effects={effects} /> : null}
      {!(can.noise && can.background) && <p class="hint">{text.effects.unavailable}</p>}
      <p class="hint" role="status">
        {Object.values(view.state).includes("starting") && text.effects.starting}
      </p>
      <p class="hint">{text.effects.onDevice}</p>
    </section>
  );
}

function Backgrounds({ view, effects }: { view: EffectsView; effects: Props["effects"] }) {
  const [refused, setRefused] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const group = useId();
  const choose = (background: Background) => () => {
    setRefused(false);
    effects.showBehind(background);
  };
  const take = async (picked: File | undefined) => {
    if (picked === undefined) return;
    try {
      await effects.showOwn(picked);
      setRefused(false);
    } catch (error) {
      report("image-refused", errorOf(error));
      setRefused(true);
    }
  };
  const choices: { background: Background; image: string | undefined }[] = [
    { background: "none", image: undefined },
    { background: "blur", image: undefined },
    ...SCENE_NAMES.map(name => ({ background: name, image: SCENE_URLS[name] })),
    ...(view.own === "" ? [] : [{ background: "own" as const, image: view.own }]),
  ];
  return (
    <fieldset class="backgrounds">
      <legend>{text.effects.background}</legend>
      <div class="background-choices">
        {choices.map(({ background, image }) => (
          <label key={background} class="background-choice">
            <input
              type="radio"
              name={group}
              value={background}
              checked={view.background === background}
              onChange={choose(background)}
            />
            <span class={`preview ${background}`}>{image && <img src={image} alt="" />}</span>
            {text.effects.backgrounds[background]}
          </label>
        ))}
      </div>
      <button type="button" class="button" onClick={() => file.current?.click()}>
        {view.own === "" ? text.effects.choose : text.effects.chooseOther}
      </button>
      <input
        ref={file}
        type="file"
        accept="image/*"
        hidden
        aria-label={text.effects.choose}
        onChange={event => {
          void take(event.currentTarget.files?.[0]);
          // The same file may be picked again.
          event.currentTarget.value = "";
        }}
      />
      <p role="status" class={refused ? "problem" : ""}>
        {refused && text.effects.noImage}
      </p>
    </fieldset>
  );
}
