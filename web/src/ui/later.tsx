import type { ComponentChild } from "preact";
import { useEffect, useState } from "preact/hooks";
import { text } from "./text.js";

interface Props<M> {
  when: boolean;
  load: () => Promise<M>;
  draw: (module: M) => ComponentChild;
}

/** A part of the page that loads when it is wanted for the first time. */
export function Later<M>({ when, load, draw }: Props<M>) {
  const [module, setModule] = useState<M | undefined>(undefined);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!when || module !== undefined) return;
    setFailed(false);
    load().then(
      loaded => setModule(() => loaded),
      (error: unknown) => {
        console.warn("a part of the page did not load:", error);
        setFailed(true);
      },
    );
  }, [when]);
  if (!when) return null;
  if (failed) {
    return (
      <p class="toast part-missing" role="alert">
        {text.partMissing}
      </p>
    );
  }
  return module === undefined ? null : <>{draw(module)}</>;
}
