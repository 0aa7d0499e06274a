import { useState } from "preact/hooks";
import { MEDIA_MODES, type MediaMode } from "../call/media-mode.js";
import type { Devices } from "../call/devices.js";
import { Dialog } from "./dialog.js";
import { DeviceChoices } from "./device-choices.js";
import { EffectsPlace } from "./effects-place.js";
import { soundsOn, turnSounds } from "./sounds.js";
import { text } from "./text.js";

interface Props {
  devices: Devices;
  mode: MediaMode;
  setMode: (mode: MediaMode) => void;
  selfHidden: boolean;
  hideSelf: (hidden: boolean) => void;
  close: () => void;
}

/** Devices, how much network to use, and what is seen and heard of the call. */
export function SettingsDialog({ devices, mode, setMode, selfHidden, hideSelf, close }: Props) {
  return (
    <Dialog title={text.settings.title} close={close} look="settings">
      <h3>{text.settings.devices}</h3>
      <DeviceChoices devices={devices} />
      <EffectsPlace devices={devices} />
      <fieldset>
        <legend>{text.settings.network}</legend>
        {MEDIA_MODES.map(each => (
          <label key={each} class="check">
            <input
              type="radio"
              name="mode"
              checked={mode === each}
              onChange={() => setMode(each)}
            />
            <span>
              {text.mode[each].name}
              <span class="hint">{text.mode[each].hint}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <h3>{text.settings.view}</h3>
      <Check label={text.settings.hideSelf} initial={selfHidden} change={hideSelf} />
      <Check label={text.settings.sounds} initial={soundsOn()} change={turnSounds} />
    </Dialog>
  );
}

interface CheckProps {
  label: string;
  initial: boolean;
  change: (on: boolean) => void;
}

function Check({ label, initial, change }: CheckProps) {
  const [on, setOn] = useState(initial);
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={on}
        onChange={event => {
          setOn(event.currentTarget.checked);
          change(event.currentTarget.checked);
        }}
      />
      {label}
    </label>
  );
}
