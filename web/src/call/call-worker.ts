/** The page's end of the worker. */
import type { FromWorker, ToWorker, TransformOptions } from "../worker/messages.js";

export interface WorkerListener {
  message(message: FromWorker): void;
  /** The worker is dead, or never came up. */
  died(): void;
}

/** What the call needs of a worker. */
export interface WorkerPort {
  /** At most one; learns of an earlier death at once. */
  listen(listener: WorkerListener): void;
  post(message: ToWorker): void;
  /** A transform whose frames pass through the worker. */
  transform(options: TransformOptions): RTCRtpScriptTransform;
  end(): void;
}

export class CallWorker implements WorkerPort {
  private readonly worker = new Worker(WORKER_URL, { type: "module", name: "tangelo" });
  private listener: WorkerListener | undefined;
  private dead = false;

  constructor() {
    this.worker.onmessage = (event: MessageEvent<FromWorker>) => this.listener?.message(event.data);
    this.worker.onerror = () => this.die();
    this.worker.onmessageerror = () => this.die();
  }

  listen(listener: WorkerListener): void {
    this.listener = listener;
    if (this.dead) listener.died();
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

  private die(): void {
    this.dead = true;
    this.listener?.died();
  }
}

/** Makes an unguessable room. Its path carries the secret as a fragment. */
export async function makeRoom(): Promise<{ path: string; hostSecret: string }> {
  const worker = new CallWorker();
  try {
    return await new Promise((resolve, reject) => {
      worker.listen({
        message(message) {
          if (message.type === "room_made") resolve(message);
          else if (message.type === "failed") reject(new Error(message.reason));
        },
        died: () => reject(new Error()),
      });
      worker.post({ type: "make_room" });
    });
  } finally {
    worker.end();
  }
}
