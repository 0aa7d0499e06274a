/** Notices that this device may have come into another network. */

/** The kind of network (Network Information API), where the browser tells: Chromium does on phones. */
interface KindOfNetwork extends EventTarget {
  readonly type?: string;
}

/**
 * Calls `changed` when the device is online again, and when it changes between kinds of networks. Others are noticed when
 * packets stay away. Returns what ends it.
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
  globalThis.addEventListener?.("online", changed);
  connection?.addEventListener("change", kindChanged);
  return () => {
    globalThis.removeEventListener?.("online", changed);
    connection?.removeEventListener("change", kindChanged);
  };
}
