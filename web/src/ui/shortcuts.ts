/** Keys for the call. Single letters, so a person can turn them off (WCAG 2.2, 2.1.4). */
import { useLayoutEffect, useRef } from "preact/hooks";
import { recall, remember } from "../call/preferences.js";

/** In the order of the help. */
export const SHORTCUTS = [
  ["microphone", "M"],
  ["talk", "␣"],
  ["camera", "V"],
  ["share", "S"],
  ["hand", "H"],
  ["chat", "C"],
  ["people", "P"],
  ["layout", "L"],
  ["fullScreen", "F"],
  ["verify", "K"],
  ["inspector", "I"],
  ["help", "?"],
] as const;

export type Shortcut = (typeof SHORTCUTS)[number][0];

/** `talk` is told when the key goes down and when it goes up. */
export type Shortcuts = Record<Exclude<Shortcut, "talk">, () => void> & {
  talk: (down: boolean) => void;
};

export function shortcutsOn(): boolean {
  return recall("shortcuts_off") === "";
}

/** Whether it helps a person to be told of keys. */
export function keysHelp(): boolean {
  return shortcutsOn() && matchMedia("(hover: hover)").matches;
}

export function turnShortcuts(on: boolean): void {
  remember("shortcuts_off", on ? "" : "off");
}

export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  // Before anything is seen: who can see the page can press its keys.
  useLayoutEffect(() => {
    let talking = false;
    // Where the last click put the focus, no key is meant for what has it.
    let clicked = false;
    const click = () => {
      clicked = true;
    };
    const talk = (down: boolean) => {
      if (talking === down) return;
      talking = down;
      latest.current.talk(down);
    };
    const down = (event: KeyboardEvent) => {
      if (event.key === "Tab") clicked = false;
      const name = shortcutOf(event);
      if (name === undefined || !shortcutsOn() || isTaken(event, clicked)) return;
      event.preventDefault();
      if (name === "talk") talk(true);
      else if (!event.repeat) latest.current[name]();
    };
    const up = (event: KeyboardEvent) => {
      if (event.key !== " ") return;
      // In Firefox the button that has the focus is pressed when the key goes up.
      if (talking) event.preventDefault();
      talk(false);
    };
    // A key that goes up in another window is not heard.
    const gone = () => talk(false);
    addEventListener("pointerdown", click);
    addEventListener("keydown", down);
    addEventListener("keyup", up);
    addEventListener("blur", gone);
    return () => {
      removeEventListener("pointerdown", click);
      removeEventListener("keydown", down);
      removeEventListener("keyup", up);
      removeEventListener("blur", gone);
      talk(false);
    };
  }, []);
}

function shortcutOf({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): Shortcut | undefined {
  if (ctrlKey || metaKey || altKey) return undefined;
  const wanted = key === " " ? "␣" : key.toUpperCase();
  return SHORTCUTS.find(([, shortcut]) => shortcut === wanted)?.[0];
}

/** Whether the key means something where the focus is; `clicked`: it is there because of a click. */
function isTaken({ target, key }: KeyboardEvent, clicked: boolean): boolean {
  if (!(target instanceof Element)) return false;
  if (document.querySelector("dialog:modal") !== null) return true;
  if (target.closest("input, textarea, select, [contenteditable]") !== null) return true;
  return key === " " && !clicked && target.closest("button, a, summary, [role=tab]") !== null;
}
