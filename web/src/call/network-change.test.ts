import assert from "node:assert/strict";
import { mock, test } from "node:test";
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
  mock.timers.enable({ apis: ["Date", "setInterval"] });
  const { stop, changes } = world();
  mock.timers.tick(30_000);
  assert.equal(changes(), 0);
  mock.timers.setTime(Date.now() + 600_000);
  mock.timers.tick(1_000);
  assert.equal(changes(), 1);
  mock.timers.tick(10_000);
  assert.equal(changes(), 1, "once");
  stop();
  mock.timers.reset();
});
