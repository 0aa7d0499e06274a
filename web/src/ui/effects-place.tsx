import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import type { Devices } from "../call/devices.js";
import { ownEffects } from "../effects/own.js";
import type { EffectsPanel } from "./effects-panel.js";
import { text } from "./text.js";

type Panel = ComponentType<Parameters<typeof EffectsPanel>[0]>;

/** Where effects are chosen. What is inside loads when it is opened. */
export function EffectsPlace({ devices }: { devices: Devices }) {
  const [panel, setPanel] = useState<{ draw: Panel } | "failed" | undefined>();
  const load = async () => {
    try {
      setPanel({ draw: (await import("./effects-panel.js")).EffectsPanel });
    } catch (error) {
      console.warn("the effects did not load:", error);
      setPanel("failed");
    }
  };
  return (
    <details
      class="effects-place"
      onToggle={event => {
        if (event.currentTarget.open && typeof panel !== "object") void load();
      }}
    >
      <summary>{text.effects.title}</summary>
      {panel === "failed" && (
        <p class="problem" role="status">
          {text.effects.notLoaded}
        </p>
      )}
      {typeof panel === "object" && <panel.draw effects={ownEffects} devices={devices} />}
    </details>
  );
}
