/** `window.tangelo`: counters for the curious and for tests. Holds no secret. */
import type { CallController, CallStats } from "../call/call-controller.js";
import type { Effects } from "../effects/effects.js";
import { ownEffects } from "../effects/own.js";

interface Debug {
  /** What worker and connection have counted so far; nothing while there is no call. */
  stats(): Promise<CallStats | undefined>;
  /** What is chosen for the own sound and picture, and how far it is. */
  readonly effects: Effects;
}

declare global {
  interface Window {
    tangelo?: Debug;
  }
}

/** Shows this call's counters until the returned function is called. */
export function debugCall(call: CallController): () => void {
  window.tangelo = { stats: () => call.stats(), effects: ownEffects };
  return () => {
    delete window.tangelo;
  };
}
