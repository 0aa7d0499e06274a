import { useEffect, useRef, useState } from "preact/hooks";
import type { DevicesView } from "../call/devices.js";
import type { CallView } from "../call/view.js";
import { keysHelp } from "./shortcuts.js";
import { playSound } from "./sounds.js";
import { text } from "./text.js";

const TOAST_MS = 6_000;

/** A text that goes away by itself. */
export function useToast(): [string | undefined, (text: string) => void] {
  const [toast, setToast] = useState<string | undefined>(undefined);
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const say = (text: string) => {
    clearTimeout(timer.current);
    setToast(text);
    timer.current = window.setTimeout(() => setToast(undefined), TOAST_MS);
  };
  return [toast, say];
}

/** Says what happens in the call. `speakerLost`: how often; `verifying`: the emoji are in sight already. */
export function useNews(
  view: CallView,
  devices: DevicesView,
  speakerLost: number,
  verifying: boolean,
  say: (text: string) => void,
): void {
  const { notice, news, emoji, startedMuted, share, room } = view;
  useEffect(() => {
    if (notice !== undefined) say(text.fromCore(notice.text));
  }, [notice]);

  useEffect(() => {
    if (news === undefined) return;
    const { joined, left } = news;
    playSound(joined.length > 0 ? "joined" : "left");
    const words = [
      ...(joined.length > 0 ? [text.news.joined(joined)] : []),
      ...(left.length > 0 ? [text.news.left(left)] : []),
    ];
    say(words.join(" "));
  }, [news?.id]);

  const waiting = room.waiting.filter(({ identity }) => identity !== "");
  const waits = waiting.at(-1);
  const waited = useRef(0);
  useEffect(() => {
    const more = waiting.length > waited.current;
    waited.current = waiting.length;
    if (!more || waits === undefined) return;
    playSound("joined");
    say(text.announce.waits(waits.name));
  }, [waiting.length]);

  useEffect(() => {
    if (startedMuted) say(text.call.startedMuted(keysHelp()));
  }, [startedMuted]);

  useEffect(() => {
    if (share.problem !== undefined) say(text.share.problem[share.problem]);
  }, [share.problem]);

  // A run may be over before it is drawn.
  const emojiBefore = useRef(emoji.state);
  useEffect(() => {
    const began = emoji.state === "running" || emoji.state === "done";
    const isNews = began && emojiBefore.current !== "running" && !emoji.starter.own;
    if (isNews && !verifying) say(text.emoji.started(emoji.starter.name));
    emojiBefore.current = emoji.state;
  }, [emoji]);

  for (const kind of ["microphone", "camera"] as const) {
    const { plugged, replaced } = devices[kind];
    useEffect(() => {
      if (plugged !== undefined) say(text.devicePlugged(kind, plugged.label, plugged.first));
    }, [plugged]);
    useEffect(() => {
      if (replaced !== undefined) say(text.deviceReplaced(kind));
    }, [replaced]);
  }

  const lostBefore = useRef(speakerLost);
  useEffect(() => {
    // One that was pulled out in the lobby is no news in the call.
    if (speakerLost !== lostBefore.current) say(text.speakerLost);
  }, [speakerLost]);

  const problems = (["microphone", "camera"] as const).flatMap(kind => {
    const { problem } = devices[kind];
    return problem === undefined ? [] : [text.deviceProblem(kind, problem)];
  });
  const problem = problems.join(" ");
  useEffect(() => {
    if (problem !== "") say(problem);
  }, [problem]);
}
