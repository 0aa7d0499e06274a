import { useEffect, useState } from "preact/hooks";
import type { DeviceView } from "../call/devices.js";
import { OwnVoice } from "../call/own-voice.js";

const SHOWN_MS = 4_000;

/** Whether the person speaks into a muted microphone just now. */
export function useMutedHint({ on, track }: DeviceView): boolean {
  const [hint, setHint] = useState(false);
  useEffect(() => {
    setHint(false);
    if (on || track === undefined) return;
    const voice = new OwnVoice();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unsubscribe = voice.view.subscribe(() => {
      if (!voice.view.get().speaking) return;
      setHint(true);
      clearTimeout(timer);
      timer = setTimeout(() => setHint(false), SHOWN_MS);
    });
    voice.listen(track);
    return () => {
      clearTimeout(timer);
      unsubscribe();
      voice.stop();
    };
  }, [on, track]);
  return hint;
}
