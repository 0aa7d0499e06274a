import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import type { Devices } from "../call/devices.js";
import { ownEffects } from "../effects/own.js";
import { errorOf, report } from "../report.js";
import type { EffectsPanel } from "./effects-panel.js";
import { useObservable } from "./hooks.js";
import { withStyle } from "./load-style.js";
import { text } from "./text.js";

type Panel = ComponentType<Parameters<typeof EffectsPanel>[0]>;

/** Where effects are chosen, and where it stands that one failed. What is inside loads when it is opened. */
export function EffectsPlace({ devices }: { devices: Devices }) {
  const [panel, setPanel] = useState<{ draw: Panel } | "failed" | undefined>();
  const load = async () => {
    try {
      setPanel({ draw: (await withStyle(import("./effects-panel.js"))).EffectsPanel });
    } catch (error) {
      report("part-not-loaded", { part: "effects", ...errorOf(error) });
      setPanel("failed");
    }
  };
  return (
    <div class="effects-place">
      <details
        onToggle={event => {
          if (event.currentTarget.open && typeof panel !== "object") void load();
        }}
      >
        <summary>{text.effects.title}</summary>
        {panel === "failed" && (
          <p class="problem" role="status">
            {text.partMissing}
          </p>
        )}
        {typeof panel === "object" && <panel.draw effects={ownEffects} />}
      </details>
      <Failed devices={devices} />
    </div>
  );
}

/** Which effects failed, and the way out: also while the choice is closed, or cannot load. */
function Failed({ devices }: { devices: Devices }) {
  const { microphone, camera } = useObservable(devices.view);
  return (
    <div class="effects-failed" role="status">
      {microphone.problem === "effect" && (
        <p class="problem">{text.deviceProblem("microphone", "effect")}</p>
      )}
      {camera.problem === "effect" && (
        <>
          <p class="problem">{text.deviceProblem("camera", "effect")}</p>
          <button
            type="button"
            class="button"
            onClick={() => {
              ownEffects.showBehind("none");
              void devices.toggle("camera");
            }}
          >
            {text.effects.without}
          </button>
        </>
      )}
    </div>
  );
}
