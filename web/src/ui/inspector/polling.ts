/** Asks for the inspector's view again and again, while somebody looks. */
import { useEffect, useRef, useState } from "preact/hooks";
import {
  type InspectionView,
  type LineRates,
  type LineSample,
  ratesOf,
} from "../../call/inspection.js";
import { errorOf, report } from "../../report.js";

const POLL_MS = 500;
/** So many rates are kept of each line: half a minute. */
const RATES_MAX = 60;

/** The latest rates of each line by its id, the newest last. */
export type MediaHistory = ReadonlyMap<string, readonly LineRates[]>;

/** What is seen now, and what was measured since the inspector opened. */
export function useInspection(inspect: () => Promise<InspectionView>): {
  view: InspectionView | undefined;
  history: MediaHistory;
} {
  const [view, setView] = useState<InspectionView | undefined>(undefined);
  const history = useRef<MediaHistory>(new Map());
  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let before: readonly LineSample[] = [];
    const look = async () => {
      try {
        if (document.visibilityState === "visible") {
          const next = await inspect();
          if (over) return;
          history.current = longer(history.current, before, next.media.lines);
          before = next.media.lines;
          setView(next);
        }
      } catch (error) {
        report("call-not-inspected", errorOf(error));
      }
      if (!over) timer = setTimeout(() => void look(), POLL_MS);
    };
    void look();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [inspect]);
  return { view, history: history.current };
}

/** The history with the rates between two samples; lines that are gone are forgotten. */
export function longer(
  history: MediaHistory,
  before: readonly LineSample[],
  now: readonly LineSample[],
): MediaHistory {
  return new Map(
    now.map(line => {
      const old = history.get(line.id) ?? [];
      const rates = ratesOf(
        before.find(({ id }) => id === line.id),
        line,
      );
      return [line.id, rates === undefined ? old : [...old, rates].slice(-RATES_MAX)];
    }),
  );
}
