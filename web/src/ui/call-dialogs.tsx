import type { CallLike } from "../call/call-controller.js";
import type { CallView } from "../call/view.js";
import { loadHostParts } from "./host/load.js";
import { Later } from "./later.js";

export type DialogName = "verify" | "invite" | "settings" | "help" | "end" | "leave";

interface Props {
  open: DialogName | undefined;
  close: () => void;
  call: CallLike;
  view: CallView;
  /** Path and fragment of the room. */
  link: string;
  /** The room's name, as it stands in the link. */
  room: string;
  secret: boolean;
  copyLink: (link: string, copied?: string) => void;
  selfHidden: boolean;
  hideSelf: (hidden: boolean) => void;
}

/** The dialogs of the call, each of which loads when it is opened. */
export function CallDialogs(props: Props) {
  const { open, close, call, view, link, room, secret, copyLink, selfHidden, hideSelf } = props;
  return (
    <>
      <Later
        close={close}
        when={open === "verify"}
        load={() => import("./verify-dialog.js")}
        draw={({ VerifyDialog }) => (
          <VerifyDialog view={view} secret={secret} call={call} close={close} />
        )}
      />
      <Later
        close={close}
        when={open === "invite"}
        load={() => import("./invite-dialog.js")}
        draw={({ InviteDialog }) => (
          <InviteDialog
            link={location.origin + link}
            room={room}
            secret={secret}
            host={view.room.host}
            copy={copyLink}
            close={close}
          />
        )}
      />
      <Later
        close={close}
        when={open === "end"}
        load={loadHostParts}
        draw={({ EndDialog }) => (
          <EndDialog end={() => call.order({ type: "end" })} close={close} />
        )}
      />
      <Later
        close={close}
        when={open === "leave"}
        load={loadHostParts}
        draw={({ LeaveDialog }) => (
          <LeaveDialog
            locked={view.room.locked}
            order={order => call.order(order)}
            leave={() => call.leave()}
            close={close}
          />
        )}
      />
      <Later
        close={close}
        when={open === "settings"}
        load={() => import("./settings-dialog.js")}
        draw={({ SettingsDialog }) => (
          <SettingsDialog
            devices={call.devices}
            mode={view.mode}
            setMode={mode => call.setMode(mode)}
            selfHidden={selfHidden}
            hideSelf={hideSelf}
            close={close}
          />
        )}
      />
      <Later
        close={close}
        when={open === "help"}
        load={() => import("./help-dialog.js")}
        draw={({ HelpDialog }) => <HelpDialog close={close} />}
      />
    </>
  );
}
