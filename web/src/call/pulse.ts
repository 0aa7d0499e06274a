/** Measures the call twice a second: who speaks, and how well each comes through. */
import { errorOf, report } from "../report.js";
import type { WorkerStats } from "../worker/messages.js";
import type { LineStats } from "./media-stats.js";
import { type Quality, UNKNOWN_QUALITY, qualityOf } from "./quality.js";
import { Speaking } from "./speaking.js";
import type { Unreadable } from "./view.js";

const EVERY_MS = 500;
/** Quality is judged over so many rounds. */
const ROUNDS = 6;
/** The worker is asked in each of so many rounds. */
const WORKER_EVERY = 4;

export interface Beat {
  readonly speaking: ReadonlySet<string>;
  readonly lastHeard: ReadonlyMap<string, number>;
  /** By client; that of the own lines under `OWN`. */
  readonly quality: ReadonlyMap<string, Quality>;
  /** Whose camera has given no new picture for as long as quality is judged over. */
  readonly still: ReadonlySet<string>;
  /** Whose frames come and cannot be opened, and why. */
  readonly unreadable: ReadonlyMap<string, Unreadable>;
}

export const OWN = "";

export const NO_BEAT: Beat = {
  speaking: new Set(),
  lastHeard: new Map(),
  quality: new Map(),
  still: new Set(),
  unreadable: new Map(),
};

interface Source {
  lines(): Promise<LineStats[]>;
  worker(): Promise<WorkerStats | undefined>;
}

/** What the core counts for a line of receiving. */
interface Receiver {
  readonly client: string;
  readonly source: string;
  readonly opened: number;
  readonly dropped: readonly (readonly [Unreadable, number])[];
}

export class Pulse {
  private readonly speaking = new Speaking();
  private rounds: LineStats[][] = [];
  private receivers: readonly Receiver[] = [];
  private unreadable: ReadonlyMap<string, Unreadable> = new Map();
  private count = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  constructor(
    private readonly source: Source,
    private readonly tell: (beat: Beat) => void,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.arm();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private arm(): void {
    this.timer = setTimeout(() => {
      void this.round()
        .catch((error: unknown) => report("call-not-measured", errorOf(error)))
        .finally(() => {
          if (!this.stopped) this.arm();
        });
    }, EVERY_MS);
  }

  /** One measurement. Public for tests. */
  async round(): Promise<void> {
    const lines = await this.source.lines();
    if (this.count++ % WORKER_EVERY === 0) await this.judgeFrames();
    if (this.stopped) return;
    const now = this.clock();
    this.speaking.update(energies(lines), now);
    this.rounds = [...this.rounds, lines].slice(-ROUNDS);
    this.tell({
      speaking: this.speaking.now(now),
      lastHeard: this.speaking.lastHeard(),
      quality: this.qualities(lines),
      still: this.still(lines),
      unreadable: this.unreadable,
    });
  }

  private qualities(lines: readonly LineStats[]): ReadonlyMap<string, Quality> {
    const before = this.rounds[0] ?? [];
    const full = this.rounds.length === ROUNDS;
    return new Map(
      [...byClient(lines)].map(([client, own]) => [
        client,
        full
          ? qualityOf(
              before.filter(line => clientOf(line) === client),
              own,
            )
          : UNKNOWN_QUALITY,
      ]),
    );
  }

  private still(lines: readonly LineStats[]): ReadonlySet<string> {
    const before = this.rounds.length === ROUNDS ? (this.rounds[0] ?? []) : [];
    const frames = (of: readonly LineStats[], client: string) =>
      of.filter(line => isCameraOf(line, client)).reduce((sum, line) => sum + line.frames, 0);
    const clients = [...byClient(before).keys()];
    return new Set(
      clients.filter(
        client =>
          client !== OWN &&
          before.some(line => isCameraOf(line, client)) &&
          frames(lines, client) === frames(before, client),
      ),
    );
  }

  /** Of whose microphone, camera or screen frames came since the last time, and none could be opened. */
  private async judgeFrames(): Promise<void> {
    const receivers = receiversOf(await this.source.worker());
    const unreadable = new Map<string, Unreadable>();
    for (const line of receivers) {
      const old = this.receivers.find(other => isSameLine(other, line));
      if (old === undefined || line.opened > old.opened) continue;
      for (const [reason, count] of line.dropped) {
        const earlier = old.dropped.find(([name]) => name === reason)?.[1] ?? 0;
        if (count > earlier) unreadable.set(line.client, reason);
      }
    }
    this.receivers = receivers;
    this.unreadable = unreadable;
  }
}

/** A line that counts from 0 again is another. */
function isSameLine(old: Receiver, line: Receiver): boolean {
  return old.client === line.client && old.source === line.source && old.opened <= line.opened;
}

/** The core's counters, if they are what they should be. */
function receiversOf(stats: WorkerStats | undefined): readonly Receiver[] {
  const core = stats?.core as { receivers?: unknown } | null | undefined;
  return Array.isArray(core?.receivers) ? (core.receivers as Receiver[]) : [];
}

function isCameraOf({ use }: LineStats, client: string): boolean {
  return use?.type === "receive" && use.source === "camera" && use.client === client;
}

function clientOf({ use, direction }: LineStats): string | undefined {
  if (direction === "out") return OWN;
  return use?.type === "receive" ? use.client : undefined;
}

function byClient(lines: readonly LineStats[]): Map<string, LineStats[]> {
  const all = new Map<string, LineStats[]>();
  for (const line of lines) {
    const client = clientOf(line);
    if (client === undefined) continue;
    all.set(client, [...(all.get(client) ?? []), line]);
  }
  return all;
}

/** What was heard of each microphone so far. */
function energies(lines: readonly LineStats[]): Map<string, number> {
  return new Map(
    lines.flatMap(({ use, audioEnergy }) =>
      use?.type === "receive" && use.source === "microphone"
        ? [[use.client, audioEnergy] as const]
        : [],
    ),
  );
}
