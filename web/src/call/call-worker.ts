/** The page's end of the worker. */
import type { Failure, FromWorker, ToWorker, TransformOptions } from "../worker/messages.js";

/** Hears what the worker says. A worker that is dead, or never came up, says `failed`. */
export type WorkerListener = (message: FromWorker) => void;

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
  private readonly worker = new Worker(WORKER_URL, { type: "module", name: "tangelo" });
  private listener: WorkerListener | undefined;
  /** Whether its program has run: only then can it have crashed. */
  private alive = false;
  private failure: (FromWorker & { type: "failed" }) | undefined;

  constructor() {
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
    this.listener = undefined;
    this.worker.terminate();
  }

  private hear(message: FromWorker): void {
    this.alive = true;
    if (message.type === "failed") this.failure ??= message;
    this.listener?.(message);
  }

  private fail(reason: Failure): void {
    this.failure ??= { type: "failed", reason, text: "" };
    this.listener?.(this.failure);
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
