import assert from "node:assert/strict";
import { test } from "node:test";
import { onNetworkChange } from "./network-change.js";

class FakeNetwork extends EventTarget {
  type: string | undefined = "wifi";

  become(type: string | undefined): void {
    this.type = type;
    this.dispatchEvent(new Event("change"));
  }
}

function world() {
  const [page, network] = [new EventTarget(), new FakeNetwork()];
  Object.defineProperty(globalThis, "navigator", {
    value: { connection: network },
    configurable: true,
  });
  globalThis.addEventListener = page.addEventListener.bind(page);
  globalThis.removeEventListener = page.removeEventListener.bind(page);
  let changes = 0;
  const stop = onNetworkChange(() => void changes++);
  const online = () => page.dispatchEvent(new Event("online"));
  return { network, online, stop, changes: () => changes };
}

test("another kind of network and being online again are told", () => {
  const { network, online, stop, changes } = world();
  network.become("cellular");
  assert.equal(changes(), 1);
  network.become("none");
  assert.equal(changes(), 1, "there is no network to look for a way in");
  network.become("wifi");
  assert.equal(changes(), 2);
  online();
  assert.equal(changes(), 3);
  stop();
});

test("another speed of the same network is not", () => {
  const { network, stop, changes } = world();
  network.become("wifi");
  assert.equal(changes(), 0);
  stop();
});

test("nothing is told after the end", () => {
  const { network, online, stop, changes } = world();
  stop();
  network.become("cellular");
  online();
  assert.equal(changes(), 0);
});

test("a device that has slept is told, one that is awake is not", () => {
  const { setInterval, Date } = globalThis;
  let now = 1_000;
  let look = () => undefined as void;
  globalThis.setInterval = ((callback: () => void) => {
    look = callback;
    return 0;
  }) as unknown as typeof setInterval;
  globalThis.Date = { now: () => now } as unknown as typeof Date;
  try {
    const { stop, changes } = world();
    const pass = (ms: number) => {
      now += ms;
      look();
      return changes();
    };
    assert.equal(pass(1_000) + pass(2_000) + pass(1_100), 0);
    assert.equal(pass(600_000), 1);
    assert.equal(pass(1_000), 1, "once");
    stop();
  } finally {
    Object.assign(globalThis, { setInterval, Date });
  }
});
