/** The page's end of the worker. */
import type { Failure, FromWorker, ToWorker, TransformOptions } from "../worker/messages.js";

/** Hears what the worker says. A worker that is dead, or never came up, says `failed`. */
export type WorkerListener = (message: FromWorker) => void;

/** The page asks the worker so often whether it is alive, */
const PING_EVERY_MS = 1_000;
/** and takes it for stuck after so many questions in a row without an answer. */
const UNANSWERED_MAX = 6;

/** What the call needs of a worker. */
export interface WorkerPort {
  /** At most one; a new one takes the place of the old. Learns of an earlier failure at once. */
  listen(listener: WorkerListener): void;
  post(message: ToWorker): void;
  /** A transform whose frames pass through the worker. */
  transform(options: TransformOptions): RTCRtpScriptTransform;
  end(): void;
}

export class CallWorker implements WorkerPort {
  /** Also of a lock that the worker holds while it lives: nothing else tells a page that a worker ended. */
  private readonly name = `tangelo ${crypto.randomUUID()}`;
  private readonly worker = new Worker(WORKER_URL, { type: "module", name: this.name });
  private listener: WorkerListener | undefined;
  /** Whether its program has run: only then can it have crashed. */
  private alive = false;
  private failure: (FromWorker & { type: "failed" }) | undefined;
  private unanswered = 0;
  private pings: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly pingEveryMs = PING_EVERY_MS) {
    this.worker.onmessage = (event: MessageEvent<FromWorker>) => this.hear(event.data);
    this.worker.onerror = () => this.fail(this.alive ? "crashed" : "not_loaded");
    this.worker.onmessageerror = () => this.fail("crashed");
  }

  listen(listener: WorkerListener): void {
    this.listener = listener;
    if (this.failure !== undefined) listener(this.failure);
  }

  post(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  transform(options: TransformOptions): RTCRtpScriptTransform {
    return new RTCRtpScriptTransform(this.worker, options);
  }

  end(): void {
    clearInterval(this.pings);
    this.listener = undefined;
    this.worker.terminate();
  }

  private hear(message: FromWorker): void {
    this.unanswered = 0;
    if (!this.alive) {
      this.alive = true;
      this.pings = setInterval(() => this.ping(), this.pingEveryMs);
      // The worker holds it since before its first word; where locks are refused, to it as well, pings have to do.
      globalThis.navigator?.locks
        ?.request(this.name, () => this.fail("crashed"))
        .catch(() => undefined);
    }
    if (message.type === "pong") return;
    if (message.type === "failed") this.failed(message);
    else this.listener?.(message);
  }

  private ping(): void {
    if (this.unanswered >= UNANSWERED_MAX) return this.fail("crashed");
    this.unanswered++;
    this.post({ type: "ping" });
  }

  private fail(reason: Failure): void {
    this.failed({ type: "failed", reason, text: "" });
  }

  private failed(failure: FromWorker & { type: "failed" }): void {
    clearInterval(this.pings);
    if (this.failure !== undefined) return;
    this.failure = failure;
    this.listener?.(failure);
  }
}

/** Makes an unguessable room. Its path carries the secret as a fragment. */
export async function makeRoom(): Promise<{ path: string; hostSecret: string }> {
  const worker = new CallWorker();
  try {
    return await new Promise((resolve, reject) => {
      worker.listen(message => {
        if (message.type === "room_made") resolve(message);
        else if (message.type === "failed") reject(new Error(message.reason));
      });
      worker.post({ type: "make_room" });
    });
  } finally {
    worker.end();
  }
}
