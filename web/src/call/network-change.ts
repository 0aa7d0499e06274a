/** Notices that this device may have come into another network. */

/** The kind of network (Network Information API), where the browser tells: Chromium does on phones. */
interface KindOfNetwork extends EventTarget {
  readonly type?: string;
}

/** A page that is not called for so long stood still, with its device or alone. */
const LOOK_MS = 1_000;
const ASLEEP_MS = 5_000;

/**
 * Calls `changed` when the device is online again, when it changes between kinds of networks, and when it has slept. Others are
 * noticed when packets stay away. Returns what ends it.
 */
export function onNetworkChange(changed: () => void): () => void {
  const { connection } = (globalThis.navigator ?? {}) as { connection?: KindOfNetwork };
  let type = connection?.type;
  // It also changes with every new measurement of the network's speed.
  const kindChanged = () => {
    if (connection?.type === type) return;
    type = connection?.type;
    if (type !== "none") changed();
  };
  // The clocks that browsers count timers by may have slept as well.
  let seen = Date.now();
  const timer = setInterval(() => {
    const slept = Date.now() - seen > ASLEEP_MS;
    seen = Date.now();
    if (slept) changed();
  }, LOOK_MS);
  globalThis.addEventListener?.("online", changed);
  connection?.addEventListener("change", kindChanged);
  return () => {
    clearInterval(timer);
    globalThis.removeEventListener?.("online", changed);
    connection?.removeEventListener("change", kindChanged);
  };
}
