/** The worker: owns the WebSocket, the WASM core with all keys, the device's identity and every frame transform. */
import type { Inspection } from "../generated/Inspection.js";
import init, { Core, SoftIdentity, new_room } from "../generated/wasm/tangelo_call.js";
import { errorOf, reportFault } from "../report.js";
import { Failed } from "./failed.js";
import { FrameCrypto } from "./frame-crypto.js";
import { sayOnceHeld } from "./first-held.js";
import { FrameClock } from "./frame-watch.js";
import { loadIdentity } from "./identity.js";
import type { FromWorker, ToWorker } from "./messages.js";
import { Session } from "./session.js";
import { Transforms } from "./transforms.js";

declare const self: DedicatedWorkerGlobalScope & {
  onrtctransform: ((event: RTCTransformEvent) => void) | null;
};

const say = sayOnceHeld<FromWorker>(
  message => self.postMessage(message),
  self.name,
  navigator.locks as LockManager | undefined,
);

const wasm = init({ module_or_path: WASM_URL }).catch(() => {
  throw new Failed("not_loaded");
});
// Said at once: the page need not wait for somebody to join.
wasm.then(() => say({ type: "loaded" }), fail);

let core: Core | undefined;
let session: Session | undefined;
let frameCrypto: FrameCrypto | undefined;
const transforms = new Transforms(
  () => frameCrypto,
  () => session?.settle(),
);

// Set before anything is awaited, so that no transform is missed.
self.onrtctransform = event => transforms.add(event.transformer);

self.onmessage = (event: MessageEvent<ToWorker>) => {
  void handle(event.data).catch(fail);
};

async function handle(message: ToWorker): Promise<void> {
  switch (message.type) {
    case "make_room": {
      await wasm;
      const { path, host_secret } = JSON.parse(new_room()) as {
        path: string;
        host_secret: string;
      };
      return say({ type: "room_made", path, hostSecret: host_secret });
    }
    case "join":
      return join(message);
    case "command":
      if (session !== undefined) session.command(message.command);
      else if (message.command.type === "leave") say({ type: "closed" });
      return;
    case "ping":
      return say({ type: "pong" });
    case "connection_closed":
      return transforms.close(message.connection);
    case "get_stats":
      return say({
        type: "stats",
        request: message.request,
        stats: {
          core: core === undefined ? null : (JSON.parse(core.stats()) as unknown),
          frames: { ...transforms.counts },
        },
      });
    case "get_inspection":
      return say({
        type: "inspection",
        request: message.request,
        inspection: {
          core:
            core === undefined ? null : (JSON.parse(core.inspect(performance.now())) as Inspection),
          frames: { ...transforms.counts },
          times: (frameCrypto?.clock ?? new FrameClock()).inspect(),
          lines: transforms.heads(),
        },
      });
  }
}

async function join(message: ToWorker & { type: "join" }): Promise<void> {
  const soften = async (seed: Uint8Array) => {
    await wasm;
    return new SoftIdentity(seed);
  };
  const [{ memory }, identity] = await Promise.all([wasm, loadIdentity(soften)]);
  core = makeCore(message, identity.publicKey);
  const crypto = new FrameCrypto(core, memory as { buffer: ArrayBuffer }, () => performance.now());
  const scheme = self.location.protocol === "https:" ? "wss:" : "ws:";
  frameCrypto = crypto;
  session = new Session(core, identity, `${scheme}//${self.location.host}/ws`, {
    event(event) {
      if (event.type === "key_frame_wanted") transforms.generateKeyFrames();
      if (event.type === "media_reset") transforms.closeAll();
      say({ type: "event", event });
    },
    settled: () => transforms.release(crypto),
    broke: fail,
    closed: () => say({ type: "closed" }),
  });
  session.settle();
}

/** A core for this link and name, or its own words on why not. */
function makeCore({ link, host, name }: ToWorker & { type: "join" }, publicKey: Uint8Array): Core {
  try {
    return new Core(link, host, name, publicKey);
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw error;
    throw new Failed("refused", error instanceof Error ? error.message : String(error));
  }
}

/** The end: frames are dropped from here on. */
function fail(error: unknown): void {
  frameCrypto = undefined;
  // Without its socket the client departs: one that holds no keys must not stay present.
  session?.end();
  session = undefined;
  core = undefined;
  if (error instanceof Failed) {
    say({ type: "failed", reason: error.reason, text: error.message });
  } else {
    const stack = error instanceof Error ? error.stack : undefined;
    reportFault("core-broke", { ...errorOf(error), stack });
    say({ type: "failed", reason: "crashed", text: "" });
  }
}
