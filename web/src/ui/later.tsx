import type { ComponentChild } from "preact";
import { useEffect, useState } from "preact/hooks";
import { errorOf, report } from "../report.js";
import { Dialog } from "./dialog.js";
import { withStyle } from "./load-style.js";
import { text } from "./text.js";

interface Props<M> {
  when: boolean;
  load: () => Promise<M>;
  draw: (module: M) => ComponentChild;
  /** It did not load, and the person has read so: `when` goes, and what makes it come again tries again. */
  close: () => void;
}

/** What was loaded beforehand, by what loads it. */
const ready = new Map<() => Promise<unknown>, unknown>();

/** Has a part drawn at once when it is wanted: what is typed then is meant for it. If it does not load now, it is tried again. */
export function prepare(load: () => Promise<unknown>): void {
  withStyle(load()).then(
    module => ready.set(load, module),
    (error: unknown) => report("part-not-loaded", { part: "ahead", ...errorOf(error) }),
  );
}

/** A part of the page that loads when it is wanted for the first time. */
export function Later<M>({ when, load, draw, close }: Props<M>) {
  const [loaded, setModule] = useState<M | undefined>(undefined);
  const module = loaded ?? (ready.get(load) as M | undefined);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!when || module !== undefined) return;
    let over = false;
    withStyle(load()).then(
      module => setModule(() => module),
      (error: unknown) => {
        report("part-not-loaded", { part: "dialog", ...errorOf(error) });
        if (!over) setFailed(true);
      },
    );
    return () => {
      over = true;
      setFailed(false);
    };
  }, [when]);
  if (!when) return null;
  if (failed) {
    return (
      <Dialog title={text.product} close={close}>
        <p class="part-missing" role="alert">
          {text.partMissing}
        </p>
      </Dialog>
    );
  }
  return module === undefined ? null : <>{draw(module)}</>;
}
