import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { CloseIcon } from "./icons.js";
import { text } from "./text.js";

interface Props {
  title: string;
  close: () => void;
  look?: string;
  children: ComponentChildren;
}

/** What stands beside the call, or over it on a phone. Escape closes it. */
export function Panel({ title, close, look, children }: Props) {
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    const opener = document.activeElement;
    // At once: a key pressed now must not go to the page.
    heading.current?.focus();
    return () => {
      // Once the panel is gone: what opened it may be out of sight until then. Who has gone on elsewhere stays there.
      requestAnimationFrame(() => {
        const lost = document.activeElement === null || document.activeElement === document.body;
        if (lost && opener instanceof HTMLElement) opener.focus();
      });
    };
  }, []);
  return (
    <aside
      class={`panel ${look ?? ""}`}
      aria-labelledby={id}
      onKeyDown={event => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        event.stopPropagation();
        close();
      }}
    >
      <header class="panel-head">
        <h2 id={id} ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <button type="button" class="icon-button" aria-label={text.close} onClick={close}>
          <CloseIcon />
        </button>
      </header>
      {children}
    </aside>
  );
}
