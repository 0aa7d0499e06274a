import { useState } from "preact/hooks";
import { Dialog } from "./dialog.js";
import { SHORTCUTS, shortcutsOn, turnShortcuts } from "./shortcuts.js";
import { text } from "./text.js";

/** The keys of the call, and whether they are on. */
export function HelpDialog({ close }: { close: () => void }) {
  const [on, setOn] = useState(shortcutsOn);
  return (
    <Dialog title={text.help.title} close={close} look="help">
      <dl class="keys">
        {SHORTCUTS.map(([name, key]) => (
          <div key={name}>
            <dt>{text.help.names[name]}</dt>
            <dd>
              <kbd>{key === "␣" ? text.help.space : key}</kbd>
            </dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={on}
          onChange={event => {
            turnShortcuts(event.currentTarget.checked);
            setOn(event.currentTarget.checked);
          }}
        />
        {text.help.on}
      </label>
      <p class="hint">{text.help.hint}</p>
    </Dialog>
  );
}
