/** What the log's table says of each happening. Pure. */
import type { Broken } from "../../generated/Broken.js";
import type { HistoryRecord } from "../../generated/HistoryRecord.js";
import type { Outcome } from "../../generated/Outcome.js";
import { inspectorText } from "./text.js";

export type Kind = keyof typeof inspectorText.log.kind;

export interface LogRow {
  readonly number: number;
  readonly at: number;
  readonly kind: Kind;
  readonly seq: number | undefined;
  readonly client: string | undefined;
  readonly bytes: number | undefined;
  readonly outcome: string;
  /** Something was refused or lost. */
  readonly bad: boolean;
}

const words = inspectorText.log;

export function rowOf({ number, at, happening }: HistoryRecord): LogRow {
  const common = { number, at, seq: undefined, client: undefined, bytes: undefined, bad: true };
  switch (happening.type) {
    case "entry": {
      const { seq, kind, client, bytes, outcome } = happening;
      const bad = outcome.type === "refused" || outcome.type === "lost";
      return { number, at, kind, seq, client, bytes, outcome: sayOutcome(outcome), bad };
    }
    case "bad_check":
      return { ...common, kind: "bad_check", client: happening.client, outcome: words.badCheck };
    case "stale":
      return { ...common, kind: "stale", outcome: words.stale, bad: false };
    case "post_refused":
      return { ...common, kind: "post_refused", outcome: words.postRefused(happening.code) };
    case "resumed":
      return { ...common, kind: "resumed", outcome: words.resumed, bad: false };
    case "arrived_anew":
      return { ...common, kind: "arrived_anew", outcome: words.arrivedAnew(happening.why) };
  }
}

function sayOutcome(outcome: Outcome): string {
  switch (outcome.type) {
    case "taken":
      return words.taken;
    case "not_for_us":
      return words.notForUs;
    case "epoch": {
      const { epoch, added, removed, path } = outcome;
      return words.epoch(epoch, [
        ...(added > 0 ? [words.added(added)] : []),
        ...(removed > 0 ? [words.removed(removed)] : []),
        ...(path ? [words.path] : []),
      ]);
    }
    case "read":
      return words.content[outcome.content];
    case "refused":
      return sayBroken(outcome.broken);
    case "lost": {
      const why = words.lost(outcome.why);
      return outcome.broken === null ? why : `${sayBroken(outcome.broken)} ${why}`;
    }
  }
}

function sayBroken({ rule, text: demands, blame }: Broken): string {
  return `${words.refused(rule, demands)} ${words.blame[blame]}`;
}
