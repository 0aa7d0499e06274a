/** The worker of a call, which outlives its own death: another one is started, and with it die and begin the keys. */
import type {
  CallEvent,
  Command,
  FromWorker,
  ToWorker,
  TransformOptions,
  WorkerInspection,
  WorkerStats,
} from "../worker/messages.js";
import { report } from "../report.js";
import type { WorkerPort } from "./call-worker.js";

/** A worker that dies more often than this within the time below is not started again. */
const DEATHS_MAX = 4;
const DEATH_COUNTS_MS = 60_000;
/** The pause before a worker that died not long ago for a second time is started again; doubled for each other time. */
const RESTART_WAIT_MS = 1_000;
/** How long the farewell may take. */
const FAREWELL_WAIT_MS = 2_000;

export type WorkerFailed = FromWorker & { type: "failed" };

export interface WorkerOwner {
  event(event: CallEvent): void;
  /** The worker is dead, and another one will come. */
  died(): void;
  /** The other one is there, and the dead one is about to be ended: its transforms must have gone before. */
  replaced(): void;
  /** Said once: another worker could not work either. */
  failed(failure: WorkerFailed): void;
}

export class LastingWorker {
  /** When workers died, on the page's clock, in milliseconds. */
  private diedAt: number[] = [];
  private restartTimer: ReturnType<typeof setTimeout> | undefined;
  private returning = false;
  private over = false;
  private requests = 0;
  private readonly statsWaiting = new Map<number, (stats: WorkerStats | undefined) => void>();
  private readonly inspecting = new Map<number, (worker: WorkerInspection | undefined) => void>();

  constructor(
    private worker: WorkerPort,
    /** Starts another one. */
    private readonly start: () => WorkerPort,
    /** How each of them joins. */
    private readonly joining: ToWorker & { type: "join" },
  ) {}

  /** Another worker has taken over, or will, and is not inside yet. */
  get arrivesAnew(): boolean {
    return this.returning;
  }

  /** The owner may hear of a failure before this returns. */
  join(owner: WorkerOwner): void {
    const { worker } = this;
    // Posted before listening: a worker that failed earlier is noticed at once.
    worker.post(this.joining);
    worker.listen(message => {
      if (this.worker === worker) this.heard(message, owner);
    });
  }

  post(message: ToWorker): void {
    this.worker.post(message);
  }

  command(command: Command): void {
    this.worker.post({ type: "command", command });
  }

  transform(options: TransformOptions): RTCRtpScriptTransform {
    return this.worker.transform(options);
  }

  /** Nothing where the worker died over it, or is ended. */
  async stats(): Promise<WorkerStats | undefined> {
    if (this.over) return undefined;
    const request = ++this.requests;
    return new Promise(resolve => {
      this.statsWaiting.set(request, resolve);
      this.worker.post({ type: "get_stats", request });
    });
  }

  /** As `stats`. */
  async inspect(): Promise<WorkerInspection | undefined> {
    if (this.over) return undefined;
    const request = ++this.requests;
    return new Promise(resolve => {
      this.inspecting.set(request, resolve);
      this.worker.post({ type: "get_inspection", request });
    });
  }

  /** Says farewell, and ends. */
  leave(): void {
    this.stop();
    const { worker } = this;
    const farewell = setTimeout(() => worker.end(), FAREWELL_WAIT_MS);
    worker.listen(message => {
      if (message.type !== "closed" && message.type !== "failed") return;
      clearTimeout(farewell);
      worker.end();
    });
    worker.post({ type: "command", command: { type: "leave" } });
  }

  end(): void {
    this.stop();
    this.worker.end();
  }

  private stop(): void {
    this.over = true;
    clearTimeout(this.restartTimer);
  }

  private heard(message: FromWorker, owner: WorkerOwner): void {
    switch (message.type) {
      case "event":
        if (message.event.type === "phase" && message.event.phase === "inside") {
          this.returning = false;
        }
        return owner.event(message.event);
      case "stats":
        this.statsWaiting.get(message.request)?.(message.stats);
        this.statsWaiting.delete(message.request);
        return;
      case "inspection":
        this.inspecting.get(message.request)?.(message.inspection);
        this.inspecting.delete(message.request);
        return;
      case "failed":
        return this.died(message, owner);
      case "loaded":
      case "pong":
      case "closed":
      case "room_made":
        return;
    }
  }

  /** With a worker die its keys: another one arrives anew. One that could not work either is not started. */
  private died(failure: WorkerFailed, owner: WorkerOwner): void {
    const now = performance.now();
    this.diedAt = [...this.diedAt.filter(at => now - at < DEATH_COUNTS_MS), now];
    const deaths = this.diedAt.length;
    const { reason } = failure;
    // What did not load before a call is not there; during one, the network may be back soon.
    const passing = reason === "crashed" || (reason === "not_loaded" && this.returning);
    const another = passing && deaths <= DEATHS_MAX;
    report("worker-died", { reason, deaths, another });
    if (!another) return owner.failed(failure);
    this.returning = true;
    owner.died();
    for (const resolve of this.statsWaiting.values()) resolve(undefined);
    this.statsWaiting.clear();
    for (const resolve of this.inspecting.values()) resolve(undefined);
    this.inspecting.clear();
    clearTimeout(this.restartTimer);
    const waitMs = deaths === 1 ? 0 : RESTART_WAIT_MS * 2 ** (deaths - 2);
    this.restartTimer = setTimeout(() => this.restart(owner), waitMs);
  }

  private restart(owner: WorkerOwner): void {
    const dead = this.worker;
    this.worker = this.start();
    owner.replaced();
    dead.end();
    this.join(owner);
  }
}
