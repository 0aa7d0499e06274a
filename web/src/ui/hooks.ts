import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import type { Observable } from "../call/observable.js";

/** The value of an observable, drawn anew whenever it changes. */
export function useObservable<T>(observable: Observable<T>): T {
  const [, redraw] = useState({});
  useLayoutEffect(() => observable.subscribe(() => redraw({})), [observable]);
  return observable.get();
}

/** Calls back when this key alone is pressed, but not into a field. */
export function useKey(key: string, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { target } = event;
      const typing =
        target instanceof HTMLElement &&
        target.closest("input, select, textarea, [contenteditable]");
      if (event.key !== key || event.ctrlKey || event.metaKey || event.altKey || typing) return;
      event.preventDefault();
      latest.current();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [key]);
}

/** Whether a value has stayed the same for so long. */
export function useUnchanged(value: unknown, ms: number): boolean {
  const [elapsed, setElapsed] = useState<{ value: unknown } | undefined>(undefined);
  useEffect(() => {
    const timer = setTimeout(() => setElapsed({ value }), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return elapsed?.value === value && elapsed !== undefined;
}

/** The inner size of an element, in CSS pixels. */
export function useSize(ref: RefObject<HTMLElement | null>): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const measure = () => {
      const style = getComputedStyle(element);
      const across = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
      const down = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
      const width = element.clientWidth - across;
      const height = element.clientHeight - down;
      setSize(old => (old.width === width && old.height === height ? old : { width, height }));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, [ref]);
  return size;
}

/** Puts a stream into a media element and has it played. */
export function useStream<E extends HTMLMediaElement>(
  stream: MediaStream | undefined,
  refused?: (element: E) => void,
): RefObject<E | null> {
  const ref = useRef<E>(null);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    element.srcObject = stream ?? null;
    if (stream === undefined) return;
    element.play().catch((error: unknown) => {
      if (isRefusal(error)) refused?.(element);
    });
    return () => {
      element.srcObject = null;
    };
    // A new function each time is the same wish.
  }, [stream]);
  return ref;
}

/** Whether the browser wants a click before it plays. */
export function isRefusal(error: unknown): boolean {
  return (error as { name?: unknown } | null)?.name === "NotAllowedError";
}

/** A stream of one track, the same as long as the track is. */
export function useTrackStream(track: MediaStreamTrack | undefined): MediaStream | undefined {
  const [stream, setStream] = useState<MediaStream | undefined>(undefined);
  useLayoutEffect(() => {
    setStream(track === undefined ? undefined : new MediaStream([track]));
  }, [track]);
  return stream;
}
