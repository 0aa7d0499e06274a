import type { CallController } from "../call/call-controller.js";
import type { Devices } from "../call/devices.js";
import type { SinceLastTime } from "../call/last-time.js";
import { protectionOf } from "../call/protection.js";
import type { CallView } from "../call/view.js";
import { Alarms } from "./alarms.js";
import { Dialog } from "./dialog.js";
import { ForgetIdentity } from "./forget-identity.js";
import { words } from "./lock-button.js";
import { text } from "./text.js";
import { VerifyEmoji } from "./verify-emoji.js";
import { VerifyPeople } from "./verify-people.js";
import { NumberCode } from "./verify-qr.js";
import { VerifyScan } from "./verify-scan.js";

/** What the dialog can do in the call. */
export type Verifier = Pick<
  CallController,
  | "markVerified"
  | "unmark"
  | "forgetPeople"
  | "compareEmoji"
  | "cancelEmoji"
  | "dismissAlarm"
  | "numberDiffers"
> & { devices: Pick<Devices, "borrowCamera"> };

interface Props {
  view: CallView;
  /** The room's link has a secret. */
  secret: boolean;
  call: Verifier;
  close: () => void;
}

/** What protects the call, the safety number and the emoji, how to compare them, and who is known how well. */
export function VerifyDialog({ view, secret, call, close }: Props) {
  // Again in each dialog: a modal one makes the rest of the page inert.
  const alarms = <Alarms alarms={view.alarms} dismiss={id => call.dismissAlarm(id)} />;
  return (
    <Dialog title={text.verify.title} close={close} look="verifying">
      {alarms}
      <p class="protection-now">{words(protectionOf(view, secret))}</p>
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
          <Differs differs={view.numberDiffers} say={differs => call.numberDiffers(differs)} />
          <details class="qr-place">
            <summary>{text.verify.qr}</summary>
            <NumberCode groups={view.safetyNumber} />
            <p class="hint">{text.verify.qrHint}</p>
          </details>
          <VerifyScan
            number={view.safetyNumber}
            borrowCamera={() => call.devices.borrowCamera()}
            differs={() => call.numberDiffers(true)}
          />
          <VerifyEmoji
            view={view.emoji}
            alone={view.people.length < 2}
            start={() => call.compareEmoji()}
            cancel={() => call.cancelEmoji()}
          />
          {view.sinceLastTime !== undefined && <LastTime {...view.sinceLastTime} />}
          <h3>{text.verify.people}</h3>
          <p class="hint">{view.marksLast ? text.verify.markHint : text.verify.markHintShort}</p>
          <VerifyPeople
            people={view.people}
            mark={(identity, name) => call.markVerified(identity, name)}
            unmark={identity => call.unmark(identity)}
          />
        </>
      )}
      <div class="forget-place">
        <ForgetIdentity forgetPeople={() => call.forgetPeople()} alarms={alarms} />
      </div>
    </Dialog>
  );
}

/** Who is new in this room, and who is missing. */
function LastTime({ at, added, missing }: SinceLastTime) {
  const same = added.length + missing.length === 0;
  return (
    <>
      <h3>{text.lastTime.title}</h3>
      <p class="hint" data-testid="last-time">
        {same ? text.lastTime.same(at) : text.lastTime.changed(at, added, missing)}
      </p>
    </>
  );
}

/** What to do if somebody sees another number, and the way to say so. */
function Differs({ differs, say }: { differs: boolean; say: (differs: boolean) => void }) {
  return (
    <div class={differs ? "differs said" : "differs"}>
      <p class="hint" role="status">
        {differs ? text.verify.differs : text.verify.differ}
      </p>
      <button
        type="button"
        class="button small"
        aria-pressed={differs}
        onClick={() => say(!differs)}
      >
        {differs ? text.verify.agreesAfterAll : text.verify.sayDiffers}
      </button>
    </div>
  );
}
