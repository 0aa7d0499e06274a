import type { ComponentChildren } from "preact";
import type { DeviceKind, DevicesView } from "../call/devices.js";
import type { CallView } from "../call/view.js";
import {
  CameraIcon,
  ChatIcon,
  HandIcon,
  InviteIcon,
  LeaveIcon,
  MicrophoneIcon,
  PeopleIcon,
  ScreenIcon,
  ShieldIcon,
} from "./icons.js";
import { MoreMenu, type MoreItem } from "./more-menu.js";
import { ReactionMenu } from "./reaction-menu.js";
import { text } from "./text.js";

export type PanelName = "chat" | "people" | "inspector";

interface Props {
  devices: DevicesView;
  view: CallView;
  panel: PanelName | undefined;
  unread: number;
  more: readonly MoreItem[];
  canShare: boolean;
  toggle: (kind: DeviceKind) => void;
  share: () => void;
  react: (emoji: string) => void;
  raiseHand: (raised: boolean) => void;
  show: (panel: PanelName) => void;
  invite: () => void;
  verify: () => void;
  leave: () => void;
}

/** The controls of the call. What does not fit into a narrow window is in its menu. */
export function Toolbar(props: Props) {
  const { devices, view, panel, unread, more, canShare } = props;
  const { toggle, share, react, raiseHand, show, invite, verify, leave } = props;
  const { microphone, camera } = devices;
  return (
    <div class="toolbar-place">
      <div class="toolbar" role="region" aria-label={text.call.toolbar}>
        <Tool name={text.device.microphone} on={microphone.on} act={() => toggle("microphone")}>
          <MicrophoneIcon off={!microphone.on} />
        </Tool>
        <Tool name={text.device.camera} on={camera.on} act={() => toggle("camera")}>
          <CameraIcon off={!camera.on} />
        </Tool>
        {canShare && (
          <Tool
            name={view.share.on ? text.share.stop : text.share.start}
            look={`wide${view.share.on ? " active" : ""}`}
            act={share}
          >
            <ScreenIcon />
          </Tool>
        )}
        <ReactionMenu react={react} />
        <Tool
          name={view.handRaised ? text.hand.lower : text.hand.raise}
          look={`wide${view.handRaised ? " active" : ""}`}
          act={() => raiseHand(!view.handRaised)}
        >
          <HandIcon />
        </Tool>
        <Tool
          name={text.chat.title}
          description={unread > 0 ? text.chat.unread(unread) : undefined}
          open={panel === "chat"}
          act={() => show("chat")}
        >
          <ChatIcon />
          {unread > 0 && (
            <span class="unread" aria-hidden="true">
              {unread > 99 ? "99+" : unread}
            </span>
          )}
        </Tool>
        <Tool
          name={text.people.open}
          look="wide"
          open={panel === "people"}
          act={() => show("people")}
        >
          <PeopleIcon />
        </Tool>
        <Tool name={text.invite.open} look="wide" act={invite}>
          <InviteIcon />
        </Tool>
        <Tool name={text.call.verify} look="wide" act={verify}>
          <ShieldIcon />
        </Tool>
        <MoreMenu items={more} />
        <Tool name={text.call.leave} look="leave" act={leave}>
          <LeaveIcon />
        </Tool>
      </div>
    </div>
  );
}

interface ToolProps {
  name: string;
  description?: string | undefined;
  /** For toggles. */
  on?: boolean;
  /** For what opens a panel. */
  open?: boolean;
  /** `wide`: in a narrow window it is in the menu. */
  look?: string;
  act: () => void;
  children: ComponentChildren;
}

function Tool({ name, description, on, open, look, act, children }: ToolProps) {
  return (
    <button
      type="button"
      class={`tool ${look ?? ""}`}
      aria-pressed={on}
      aria-expanded={open}
      aria-description={description}
      onClick={act}
    >
      {children}
      <span class="tool-name">{name}</span>
    </button>
  );
}
