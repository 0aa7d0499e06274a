import assert from "node:assert/strict";
import { test } from "node:test";
import { hostLink, keepHostSecret, takeHostSecret } from "./host-secret.js";

const ROOM = `_${"a".repeat(32)}`;
const LINK = `/r/${ROOM}#${"s".repeat(64)}`;

function storage(): Map<string, string> {
  const stored = new Map<string, string>();
  const localStorage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
  };
  Object.assign(globalThis, { localStorage });
  return stored;
}

test("the secret of a host's link leaves the address, and is kept once it was found right", () => {
  const stored = storage();
  assert.equal(hostLink(LINK, ROOM), LINK);
  assert.equal(takeHostSecret(`/r/${ROOM}`, "#sss.hhh"), "#sss");
  assert.equal(hostLink(LINK, ROOM), `${LINK}.hhh`);
  assert.equal(stored.size, 0, "it may be wrong");
  keepHostSecret(ROOM);
  assert.deepEqual([...stored], [[`tangelo.host.${ROOM}`, "hhh"]]);
  assert.equal(hostLink(LINK, ROOM), `${LINK}.hhh`);
});

test("a wrong secret does not take the place of the right one", () => {
  const stored = storage();
  stored.set(`tangelo.host.${ROOM}`, "right");
  takeHostSecret(`/r/${ROOM}/`, "#sss.wrong");
  assert.equal(stored.get(`tangelo.host.${ROOM}`), "right");
});

test("nothing else is taken for one", () => {
  storage();
  for (const [path, hash] of [
    [`/r/${ROOM}`, "#sss"],
    ["/r/standup", "#sss.hhh"],
    ["/", "#sss.hhh"],
    [`/r/${ROOM}`, ""],
  ] as const) {
    assert.equal(takeHostSecret(path, hash), hash);
  }
  const other = `_${"b".repeat(32)}`;
  assert.equal(takeHostSecret(`/r/${other}`, "#sss."), "#sss");
  assert.equal(hostLink("/r/x", other), "/r/x");
});
