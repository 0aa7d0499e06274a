import type { ComponentChildren } from "preact";
import type { DeviceKind, DevicesView } from "../call/devices.js";
import { CameraIcon, LeaveIcon, LinkIcon, MicrophoneIcon, ShieldIcon } from "./icons.js";
import { text } from "./text.js";

interface Props {
  devices: DevicesView;
  toggle: (kind: DeviceKind) => void;
  copy: () => void;
  verify: () => void;
  leave: () => void;
}

export function Toolbar({ devices, toggle, copy, verify, leave }: Props) {
  const { microphone, camera } = devices;
  return (
    <div class="toolbar" role="group" aria-label={text.call.toolbar}>
      <Tool name={text.device.microphone} on={microphone.on} act={() => toggle("microphone")}>
        <MicrophoneIcon off={!microphone.on} />
      </Tool>
      <Tool name={text.device.camera} on={camera.on} act={() => toggle("camera")}>
        <CameraIcon off={!camera.on} />
      </Tool>
      <Tool name={text.call.copyLink} act={copy}>
        <LinkIcon />
      </Tool>
      <Tool name={text.call.verify} act={verify}>
        <ShieldIcon />
      </Tool>
      <Tool name={text.call.leave} look="leave" act={leave}>
        <LeaveIcon />
      </Tool>
    </div>
  );
}

interface ToolProps {
  name: string;
  /** For toggles. */
  on?: boolean;
  look?: "leave";
  act: () => void;
  children: ComponentChildren;
}

function Tool({ name, on, look, act, children }: ToolProps) {
  return (
    <button
      type="button"
      class={look === "leave" ? "tool leave" : "tool"}
      aria-pressed={on}
      onClick={act}
    >
      {children}
      <span>{name}</span>
    </button>
  );
}
