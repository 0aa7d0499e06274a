/** The inspector's view as JSON. */
import type { InspectionView } from "../../call/inspection.js";
import type { MediaHistory } from "./polling.js";

/** The first thing that a reader of the file sees. */
const NOTE =
  "A view into one Tangelo call from one of its clients. It holds no key, nothing of the link, and nothing that was said. It holds names, identities and times of the people in the call.";

/** Raised when a field changes its meaning or goes. */
const FORMAT = 1;

export function exported(view: InspectionView, history: MediaHistory, now: Date): string {
  const whole = {
    note: NOTE,
    format: FORMAT,
    exported_at: now.toISOString(),
    worker: view.worker ?? null,
    media: view.media,
    rates: Object.fromEntries(history),
  };
  return JSON.stringify(whole, undefined, 2);
}
