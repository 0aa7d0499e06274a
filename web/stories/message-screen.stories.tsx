import type { Alarm, Ended } from "../src/call/view.js";
import { App } from "../src/ui/app.js";
import { Over } from "../src/ui/message-screen.js";
import { ALARMS } from "./lib/words.js";
import type { Stories, Story } from "./lib/story.js";

function over(ended: Ended, alarms: readonly Alarm[] = []): Story {
  const nothing = () => undefined;
  return { draw: () => <Over ended={ended} alarms={alarms} rejoin={nothing} home={nothing} /> };
}

export const messageScreens: Stories = {
  left: over({ type: "left" }),
  "left with alarms": over({ type: "left" }, ALARMS),
  ended: over({
    type: "ended",
    text: "You were away for too long, and the others went on without you. Rejoin if the call is still going on.",
  }),
  "without an invitation of one's own": over({
    type: "ended",
    text: "This call takes an invitation of your own. Ask whoever invited you for a new link.",
  }),
  refused: over({
    type: "failed",
    reason: "refused",
    text: "the link is cut: its secret has 21 characters instead of 22",
  }),
  crashed: over({ type: "failed", reason: "crashed", text: "" }),
  "not loaded": over({ type: "failed", reason: "not_loaded", text: "" }),
  "secret missing": { path: "/r/_q5hx2m7kdz3wsyb6ftn4aveoiu2lpcgj", draw: () => <App /> },
  "bad room": { path: "/r/_cut", draw: () => <App /> },
  "unknown address": { path: "/nowhere", draw: () => <App /> },
};
