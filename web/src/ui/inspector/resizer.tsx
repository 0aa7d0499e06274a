import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { inspectorText } from "./text.js";

/** Below this the inspector covers the call, as in inspector.css. */
const NARROW = "(max-width: 760px)";
const WIDTH = { least: 320, first: 460, step: 32 };
/** So much of the window is left to the call. */
const CALL_SHARE = 0.35;

/** Whether the window has no room for the inspector beside the call. */
export function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const query = matchMedia(NARROW);
    const follow = () => setNarrow(query.matches);
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  return narrow;
}

/** Outlives the inspector, for when it is opened again. */
let chosen = WIDTH.first;

/** The inspector's edge: drag it, or move it with the arrow keys. The call makes room. */
export function Resizer() {
  const [width, setWidth] = useState(chosen);
  const [window_, setWindow] = useState(innerWidth);
  const edge = useRef<HTMLDivElement>(null);
  const most = Math.max(WIDTH.least, Math.round(window_ * (1 - CALL_SHARE)));
  const shown = Math.min(most, Math.max(WIDTH.least, width));

  useEffect(() => {
    const follow = () => setWindow(innerWidth);
    addEventListener("resize", follow);
    return () => removeEventListener("resize", follow);
  }, []);
  useLayoutEffect(() => {
    const { style } = document.documentElement;
    style.setProperty("--inspector-width", `${shown}px`);
    return () => void style.removeProperty("--inspector-width");
  }, [shown]);

  const resize = (next: number) => {
    chosen = Math.min(most, Math.max(WIDTH.least, Math.round(next)));
    setWidth(chosen);
  };
  // The panel is at the end of the line: on the left where text runs from right to left.
  const fromEnd = (event: PointerEvent) => {
    const rtl = getComputedStyle(document.documentElement).direction === "rtl";
    return rtl ? event.clientX : innerWidth - event.clientX;
  };
  const press = (event: KeyboardEvent) => {
    const rtl = getComputedStyle(document.documentElement).direction === "rtl";
    const wider = rtl ? "ArrowRight" : "ArrowLeft";
    const narrower = rtl ? "ArrowLeft" : "ArrowRight";
    const to = new Map([
      [wider, shown + WIDTH.step],
      [narrower, shown - WIDTH.step],
      ["Home", WIDTH.least],
      ["End", most],
    ]).get(event.key);
    if (to === undefined) return;
    event.preventDefault();
    resize(to);
  };
  return (
    <div
      ref={edge}
      class="inspector-edge"
      role="separator"
      aria-orientation="vertical"
      aria-label={inspectorText.resize}
      aria-valuenow={shown}
      aria-valuemin={WIDTH.least}
      aria-valuemax={most}
      tabIndex={0}
      onKeyDown={press}
      onPointerDown={event => edge.current?.setPointerCapture(event.pointerId)}
      onPointerMove={event => {
        if (edge.current?.hasPointerCapture(event.pointerId)) resize(fromEnd(event));
      }}
    />
  );
}
