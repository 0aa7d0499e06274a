import encodeQR from "qr";
import { useMemo } from "preact/hooks";
import { hostLink } from "../call/host-secret.js";
import { Dialog } from "./dialog.js";
import { useDoors } from "./use-doors.js";
import { useHostParts } from "./host/use-parts.js";
import { LinkIcon } from "./icons.js";
import { Code } from "./qr-code.js";
import { text } from "./text.js";
import { QUIET } from "./verify-qr.js";

interface Props {
  /** The whole link. */
  link: string;
  /** The room's name, as it stands in the link. */
  room: string;
  /** Whether the link has a secret. */
  secret: boolean;
  /** Whether this person is a host, and can make others hosts. */
  host: boolean;
  copy: (link: string, copied?: string) => void;
  close: () => void;
}

/** The link of the room, to copy, to share and to scan. */
export function InviteDialog({ link, room, secret, host, copy, close }: Props) {
  const parts = useHostParts(host);
  const doors = useDoors();
  const words = secret ? text.invite.secret : text.invite.named;
  const data = useMemo(() => encodeQR(link, "raw", { ecc: "low", border: QUIET }), [link]);
  const share = async () => {
    await navigator.share({ url: link }).catch(() => undefined);
  };
  const canShare = typeof (navigator.share as unknown) === "function";
  return (
    <Dialog title={text.invite.title} close={close} look="invite">
      <p>{doors === "token" ? text.invite.tokenNeeded : words}</p>
      <output class="invite-link" data-testid="invite-link">
        {link}
      </output>
      <div class="row">
        <button type="button" class="button primary" onClick={() => copy(link)}>
          <LinkIcon />
          {text.invite.copy}
        </button>
        {canShare && (
          <button type="button" class="button" onClick={() => void share()}>
            {text.invite.share}
          </button>
        )}
      </div>
      <Code data={data} label={text.invite.qrLabel} />
      <p class="hint">{text.invite.qrHint}</p>
      {parts !== undefined && (
        <parts.HostLink copy={copied => copy(hostLink(link, room), copied)} />
      )}
    </Dialog>
  );
}
