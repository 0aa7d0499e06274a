import type { ComponentType } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { text } from "../text.js";
import type { InspectorProps } from "./index.js";

/** The inspector, loaded when somebody opens it: the first load of the page is none the larger. */
export function InspectorLoader(props: InspectorProps) {
  const [Inspector, setInspector] = useState<ComponentType<InspectorProps> | undefined>(undefined);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    load().then(
      loaded => setInspector(() => loaded),
      (error: unknown) => {
        console.error("the inspector did not load:", error);
        setFailed(true);
      },
    );
  }, []);
  if (failed) return <NotLoaded close={props.close} />;
  if (Inspector !== undefined) return <Inspector {...props} />;
  return (
    <p class="visually-hidden" role="status">
      {text.inspector.loading}
    </p>
  );
}

async function load(): Promise<ComponentType<InspectorProps>> {
  const style = loadStyle(INSPECTOR_STYLE_URL);
  // First: the rest reads them as it loads.
  const { loadInspectorTexts } = await import("./text.js");
  await loadInspectorTexts();
  const [{ Inspector }] = await Promise.all([import("./index.js"), style]);
  return Inspector;
}

function NotLoaded({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-label={text.inspector.title} onClose={close}>
      <p>{text.inspector.notLoaded}</p>
      <button type="button" class="button primary" onClick={() => dialog.current?.close()}>
        {text.inspector.close}
      </button>
    </dialog>
  );
}

/** Once; what did not load is tried again the next time. */
function loadStyle(url: string): Promise<void> {
  if (document.querySelector(`link[href="${url}"]`) !== null) return Promise.resolve();
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = url;
  return new Promise((resolve, reject) => {
    link.onload = () => resolve();
    link.onerror = () => {
      link.remove();
      reject(new Error(`${url} did not load`));
    };
    document.head.append(link);
  });
}
