import encodeQR from "qr";
import { useMemo } from "preact/hooks";
import { Dialog } from "./dialog.js";
import { LinkIcon } from "./icons.js";
import { Code } from "./qr-code.js";
import { text } from "./text.js";
import { QUIET } from "./verify-qr.js";

interface Props {
  /** The whole link. */
  link: string;
  /** Whether the link has a secret. */
  secret: boolean;
  copy: () => void;
  close: () => void;
}

/** The link of the room, to copy, to share and to scan. */
export function InviteDialog({ link, secret, copy, close }: Props) {
  const data = useMemo(() => encodeQR(link, "raw", { ecc: "low", border: QUIET }), [link]);
  const share = async () => {
    await navigator.share({ url: link }).catch(() => undefined);
  };
  const canShare = typeof (navigator.share as unknown) === "function";
  return (
    <Dialog title={text.invite.title} close={close} look="invite">
      <p>{secret ? text.invite.secret : text.invite.named}</p>
      <output class="invite-link" data-testid="invite-link">
        {link}
      </output>
      <div class="row">
        <button type="button" class="button primary" onClick={copy}>
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
    </Dialog>
  );
}
