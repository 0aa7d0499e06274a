/** Where a call stands, in words; empty where there is nothing to say. */
import type { CallView } from "../call/view.js";
import { text } from "./text.js";

/** `overdue`: the phase lasts for longer than it should. */
export function callStatus({ phase, media, people, room }: CallView, overdue: boolean): string {
  const { status } = text.call;
  if (phase !== "inside" && !navigator.onLine) return status.offline;
  if (phase !== "inside" && phase !== "connecting" && room.outside) return status.outside;
  if (overdue && phase === "connecting") return status.unreachable;
  if (overdue && phase === "reconnecting") return status.notBack;
  if (overdue && phase === "waiting") return status.unanswered;
  if (phase !== "inside") return status[phase];
  if (media === "failed") return status.mediaFailed;
  if (media === "refused") return status.mediaRefused;
  if (people.length === 1) return status.alone;
  return media === "connecting" ? status.media : "";
}
