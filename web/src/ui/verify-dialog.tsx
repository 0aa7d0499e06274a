import { useId, useLayoutEffect, useRef } from "preact/hooks";
import type { CallController } from "../call/call-controller.js";
import type { CallView } from "../call/view.js";
import { Alarms } from "./alarms.js";
import { ForgetIdentity } from "./forget-identity.js";
import { text } from "./text.js";
import { VerifyEmoji } from "./verify-emoji.js";
import { VerifyPeople } from "./verify-people.js";
import { NumberCode } from "./verify-qr.js";

/** What the dialog can do in the call. */
export type Verifier = Pick<
  CallController,
  "markVerified" | "unmark" | "forgetPeople" | "compareEmoji" | "cancelEmoji" | "dismissAlarm"
>;

interface Props {
  view: CallView;
  call: Verifier;
  close: () => void;
}

/** The safety number and the emoji, how to compare them, and who is known how well. */
export function VerifyDialog({ view, call, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  // Before it is painted: a key pressed at once, such as Escape, must find it open.
  useLayoutEffect(() => dialog.current?.showModal(), []);
  // Again in each dialog: a modal one makes the rest of the page inert.
  const alarms = <Alarms alarms={view.alarms} dismiss={id => call.dismissAlarm(id)} />;
  return (
    <dialog ref={dialog} class="verify" aria-labelledby={title} onClose={close}>
      {alarms}
      <h2 id={title}>{text.verify.title}</h2>
      {view.safetyNumber === undefined ? (
        <p>{view.phase === "reconnecting" ? text.verify.noneNow : text.verify.none}</p>
      ) : (
        <>
          <p>{text.verify.explain}</p>
          <p class="safety-number" data-testid="safety-number">
            {view.safetyNumber.map((group, index) => (
              <span key={index}>{group} </span>
            ))}
          </p>
          <p class="hint">{text.verify.differ}</p>
          <details class="qr-place">
            <summary>{text.verify.qr}</summary>
            <NumberCode groups={view.safetyNumber} />
            <p class="hint">{text.verify.qrHint}</p>
          </details>
          <VerifyEmoji
            view={view.emoji}
            alone={view.people.length < 2}
            start={() => call.compareEmoji()}
            cancel={() => call.cancelEmoji()}
          />
          <h3>{text.verify.people}</h3>
          <p class="hint">{view.marksLast ? text.verify.markHint : text.verify.markHintShort}</p>
          <VerifyPeople
            people={view.people}
            mark={(identity, name) => call.markVerified(identity, name)}
            unmark={identity => call.unmark(identity)}
          />
        </>
      )}
      <button type="button" class="button primary" onClick={() => dialog.current?.close()}>
        {text.verify.close}
      </button>
      <div class="forget-place">
        <ForgetIdentity forgetPeople={() => call.forgetPeople()} alarms={alarms} />
      </div>
    </dialog>
  );
}
