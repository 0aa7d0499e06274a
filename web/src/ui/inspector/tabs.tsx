import { useRef } from "preact/hooks";
import { text } from "../text.js";
import { inspectorText } from "./text.js";

export const TABS = ["group", "log", "frames", "media", "export"] as const;

export type Tab = (typeof TABS)[number];

interface Props {
  tab: Tab;
  choose: (tab: Tab) => void;
  /** The id of the panel that the tabs choose the content of. */
  panel: string;
}

/** One of them is in the order of Tab; arrows, Home and End go on from there. */
export function Tabs({ tab, choose, panel }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const go = (index: number) => {
    const next = TABS.at(index % TABS.length) ?? TABS[0];
    choose(next);
    list.current?.querySelector<HTMLElement>(`[data-tab="${next}"]`)?.focus();
  };
  const press = (event: KeyboardEvent) => {
    const at = TABS.indexOf(tab);
    const forward = getComputedStyle(event.currentTarget as Element).direction === "rtl" ? -1 : 1;
    const to = new Map([
      ["ArrowRight", at + forward],
      ["ArrowLeft", at - forward],
      ["Home", 0],
      ["End", -1],
    ]).get(event.key);
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  };
  return (
    <div
      ref={list}
      class="inspector-tabs"
      role="tablist"
      aria-label={text.inspector.title}
      onKeyDown={press}
    >
      {TABS.map(name => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`${panel}-${name}`}
          data-tab={name}
          aria-selected={name === tab}
          aria-controls={panel}
          tabIndex={name === tab ? 0 : -1}
          onClick={() => choose(name)}
        >
          {inspectorText.tabs[name]}
        </button>
      ))}
    </div>
  );
}
