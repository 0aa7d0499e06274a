import type { ComponentChild } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Dialog } from "./dialog.js";
import { text } from "./text.js";

interface Props<M> {
  when: boolean;
  load: () => Promise<M>;
  draw: (module: M) => ComponentChild;
  /** It did not load, and the person has read so: `when` goes, and what makes it come again tries again. */
  close: () => void;
}

/** A part of the page that loads when it is wanted for the first time. */
export function Later<M>({ when, load, draw, close }: Props<M>) {
  const [module, setModule] = useState<M | undefined>(undefined);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!when || module !== undefined) return;
    let over = false;
    load().then(
      loaded => setModule(() => loaded),
      (error: unknown) => {
        console.warn("a part of the page did not load:", error);
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
