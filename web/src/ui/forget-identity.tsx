import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { errorOf, report } from "../report.js";
import { forgetIdentity } from "../worker/identity-store.js";
import { text } from "./text.js";

interface Props {
  forgetPeople: () => void;
  /** What must be seen also while the dialog is open. */
  alarms?: ComponentChildren;
}

/** A button, and behind it the explanation and the choice. */
export function ForgetIdentity({ forgetPeople, alarms }: Props) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button type="button" class="link" onClick={() => setAsking(true)}>
        {text.forget.open}
      </button>
      {asking && (
        <ForgetDialog forgetPeople={forgetPeople} alarms={alarms} close={() => setAsking(false)} />
      )}
    </>
  );
}

type Stage = "asking" | "working" | "done" | "failed";

function ForgetDialog({ forgetPeople, alarms, close }: Props & { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [people, setPeople] = useState(false);
  const [stage, setStage] = useState<Stage>("asking");
  const title = useId();
  const done = useRef<HTMLButtonElement>(null);
  // Before it is painted: a key pressed at once, such as Escape, must find it open.
  useLayoutEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    if (stage === "done" || stage === "failed") done.current?.focus();
  }, [stage]);

  const forget = async () => {
    setStage("working");
    try {
      await forgetIdentity();
      if (people) forgetPeople();
      setStage("done");
    } catch (error) {
      report("identity-not-forgotten", errorOf(error));
      setStage("failed");
    }
  };

  return (
    <dialog ref={dialog} class="verify forget" aria-labelledby={title} onClose={close}>
      {alarms}
      <h2 id={title}>{text.forget.title}</h2>
      {stage === "done" || stage === "failed" ? (
        <>
          <p role="status">{stage === "done" ? text.forget.done : text.forget.failed}</p>
          <button
            ref={done}
            type="button"
            class="button primary"
            onClick={() => dialog.current?.close()}
          >
            {text.forget.close}
          </button>
        </>
      ) : (
        <>
          <p>{text.forget.explain}</p>
          <ul class="list">
            {text.forget.effects.map(effect => (
              <li key={effect}>{effect}</li>
            ))}
          </ul>
          <label class="check">
            <input
              type="checkbox"
              checked={people}
              onChange={event => setPeople(event.currentTarget.checked)}
            />
            <span>{text.forget.people}</span>
          </label>
          <div class="row">
            <button
              type="button"
              class="button bad"
              disabled={stage === "working"}
              onClick={() => void forget()}
            >
              {text.forget.confirm}
            </button>
            <button type="button" class="button" onClick={() => dialog.current?.close()}>
              {text.forget.keep}
            </button>
          </div>
        </>
      )}
    </dialog>
  );
}
