import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { errorOf, report } from "../report.js";
import { loadStyle } from "./load-style.js";

interface Props {
  /** The button that opens it. */
  name: string;
  icon: ComponentChildren;
  look?: string;
  /** What is inside; `close` gives the focus back to the button. */
  children: (close: () => void) => ComponentChildren;
}

/** A button of the toolbar with something small over it. Escape, a click elsewhere and the button close it. */
export function Popover({ name, icon, look, children }: Props) {
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useDismiss(open, place, () => setOpen(false));
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div
      ref={place}
      class={`popover-place ${look ?? ""}`}
      onKeyDown={event => {
        if (event.key !== "Escape" || !open) return;
        event.stopPropagation();
        close();
      }}
    >
      <button
        ref={button}
        type="button"
        class="tool"
        aria-expanded={open}
        aria-haspopup="true"
        onClick={() => {
          // Its styles come with the parts that load later; if they did not, once more.
          void loadStyle(LATER_STYLE_URL).catch((error: unknown) =>
            report("part-not-loaded", { part: "styles", ...errorOf(error) }),
          );
          setOpen(!open);
        }}
      >
        {icon}
        <span class="tool-name">{name}</span>
      </button>
      {open && <div class="popover">{children(close)}</div>}
    </div>
  );
}

function useDismiss(
  open: boolean,
  place: RefObject<HTMLElement | null>,
  dismiss: () => void,
): void {
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!(event.target instanceof Node) || place.current?.contains(event.target) !== true)
        dismiss();
    };
    addEventListener("pointerdown", outside);
    addEventListener("focusin", outside);
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("focusin", outside);
    };
  }, [open]);
}
