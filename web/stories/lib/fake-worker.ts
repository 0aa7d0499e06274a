/** Workers that say what a story needs, where the page starts its own. */
import type { FromWorker, ToWorker } from "../../src/worker/messages.js";

/** From now on every worker of the page answers like this. */
export function answerWorkers(answer: (message: ToWorker) => FromWorker | undefined): void {
  class FakeWorker extends EventTarget {
    onmessage: ((event: MessageEvent<FromWorker>) => void) | null = null;
    onerror = null;
    onmessageerror = null;

    postMessage(message: ToWorker): void {
      const said = answer(message);
      if (said === undefined) return;
      queueMicrotask(() => this.onmessage?.(new MessageEvent("message", { data: said })));
    }

    terminate(): void {
      this.onmessage = null;
    }
  }
  window.Worker = FakeWorker as unknown as typeof Worker;
}
