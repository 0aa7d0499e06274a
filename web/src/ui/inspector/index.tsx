import { useCallback, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { CallController } from "../../call/call-controller.js";
import type { InspectionView } from "../../call/inspection.js";
import { Alarms } from "../alarms.js";
import { useObservable } from "../hooks.js";
import { text } from "../text.js";
import { ExportTab } from "./export-tab.js";
import { Names } from "./format.js";
import { FramesTab } from "./frames-tab.js";
import { GroupTab } from "./group-tab.js";
import { LogTab } from "./log-tab.js";
import { MediaTab } from "./media-tab.js";
import { type MediaHistory, useInspection } from "./polling.js";
import { Resizer, useNarrow } from "./resizer.js";
import { type Tab, TABS, Tabs } from "./tabs.js";
import { inspectorText } from "./text.js";

export interface InspectorProps {
  call: Pick<CallController, "inspect" | "view" | "dismissAlarm">;
  close: () => void;
}

/** What every tab draws from. */
export interface TabProps {
  view: InspectionView;
  history: MediaHistory;
  names: Names;
}

const CONTENT = {
  group: GroupTab,
  log: LogTab,
  frames: FramesTab,
  media: MediaTab,
  export: ExportTab,
} satisfies Record<Tab, unknown>;

/** Beside the call in a wide window, over it in a narrow one. */
export function Inspector(props: InspectorProps) {
  const narrow = useNarrow();
  const [tab, choose] = useState<Tab>(TABS[0]);
  // A dialog is modal or not for as long as it is open.
  return <Panel key={String(narrow)} modal={narrow} tab={tab} choose={choose} {...props} />;
}

interface PanelProps extends InspectorProps {
  modal: boolean;
  tab: Tab;
  choose: (tab: Tab) => void;
}

function Panel({ call, close, modal, tab, choose }: PanelProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const { alarms } = useObservable(call.view);
  const { view, history } = useInspection(useCallback(() => call.inspect(), [call]));
  const names = useMemo(() => new Names(), []);
  names.learn(view?.worker?.core);
  const panel = useId();
  const Content = CONTENT[tab];

  useLayoutEffect(() => {
    const before = document.activeElement;
    if (modal) dialog.current?.showModal();
    else dialog.current?.show();
    dialog.current?.querySelector<HTMLElement>("[aria-selected=true]")?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);

  return (
    <dialog
      ref={dialog}
      class="inspector"
      aria-labelledby={title}
      onClose={close}
      onKeyDown={event => {
        if (event.key === "Escape" && !modal) close();
      }}
    >
      {!modal && <Resizer />}
      <div class="inspector-head">
        <h2 id={title}>{text.inspector.title}</h2>
        <button type="button" class="icon-button" aria-label={inspectorText.close} onClick={close}>
          <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d="M6 6l12 12M18 6L6 18" />
          </svg>
        </button>
      </div>
      {modal && <Alarms alarms={alarms} dismiss={id => call.dismissAlarm(id)} />}
      <Tabs tab={tab} choose={choose} panel={panel} />
      <div
        id={panel}
        class="inspector-panel"
        role="tabpanel"
        aria-labelledby={`${panel}-${tab}`}
        tabIndex={0}
      >
        {view === undefined ? (
          <p role="status">{inspectorText.loading}</p>
        ) : (
          <Content view={view} history={history} names={names} />
        )}
      </div>
    </dialog>
  );
}
