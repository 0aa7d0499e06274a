import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Whether a page was shown before: the first one leaves the focus where the browser put it. */
let moved = false;

/** A page's heading. Takes the focus when one page follows another, so that people who do not see it know. */
export function PageTitle(props: { hidden?: boolean; children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (moved) heading.current?.focus();
    moved = true;
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1} class={props.hidden === true ? "visually-hidden" : ""}>
      {props.children}
    </h1>
  );
}
