import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { CloseIcon } from "./icons.js";
import { text } from "./text.js";

interface Props {
  title: string;
  close: () => void;
  /** More than `dialog`. */
  look?: string;
  children: ComponentChildren;
}

/** A modal dialog with a title and a way out. Closing it gives the focus back to what opened it. */
export function Dialog({ title, close, look, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before it is painted: a key pressed at once, such as Escape, must find it open.
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class={`dialog ${look ?? ""}`}
      aria-labelledby={id}
      onClose={close}
      onClick={event => {
        if (event.target === dialog.current) dialog.current?.close();
      }}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <button
            type="button"
            class="icon-button"
            aria-label={text.close}
            onClick={() => dialog.current?.close()}
          >
            <CloseIcon />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
