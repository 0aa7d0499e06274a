import { useEffect, useId, useRef } from "preact/hooks";
import type { CallView } from "../call/view.js";
import { text } from "./text.en.js";

/** The safety number, and how to compare it. */
export function VerifyDialog({ view, close }: { view: CallView; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="verify" aria-labelledby={title} onClose={close}>
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
          <h3>{text.verify.people}</h3>
          <ul class="names">
            {view.people.map(({ client, name, own }) => (
              <li key={client}>{own ? text.call.ownLabel(name) : name}</li>
            ))}
          </ul>
        </>
      )}
      <button type="button" class="button primary" onClick={() => dialog.current?.close()}>
        {text.verify.close}
      </button>
    </dialog>
  );
}
