import assert from "node:assert/strict";
import { test } from "node:test";
import type { DevicesView } from "./device-view.js";
import { noteInCall, noteLeft, takeReloaded } from "./reloaded.js";

function tab() {
  const stored = new Map<string, string>();
  return {
    stored,
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  };
}

function devices(microphone: boolean, camera: boolean): DevicesView {
  const view = (on: boolean) => ({
    on,
    pending: false,
    problem: undefined,
    choices: [],
    chosen: "",
    track: undefined,
  });
  return { microphone: view(microphone), camera: view(camera) };
}

const NOON = 1_700_000_000_000;

test("a reload in the middle of a call is known, with what was on, and only once", () => {
  const store = tab();
  noteInCall("standup", "Ada", devices(true, true), store, NOON);
  noteInCall("standup", "Ada", devices(false, true), store, NOON + 1_000);
  for (const path of ["/r/standup", "/r/standup/"]) {
    const before = new Map(store.stored);
    assert.deepEqual(takeReloaded(path, "reload", store, NOON + 2_000), {
      room: "standup",
      name: "Ada",
      microphone: false,
      camera: true,
    });
    assert.equal(takeReloaded(path, "reload", store, NOON + 2_000), undefined);
    for (const [key, value] of before) store.setItem(key, value);
  }
});

test("who left, came another way, later, or opens another page joins with a click", () => {
  const store = tab();
  const note = () => noteInCall("standup", "Ada", devices(true, true), store, NOON);
  note();
  noteLeft(store);
  assert.equal(takeReloaded("/r/standup", "reload", store, NOON), undefined);
  for (const navigation of ["navigate", "back_forward", "prerender", ""]) {
    note();
    assert.equal(takeReloaded("/r/standup", navigation, store, NOON), undefined, navigation);
    assert.equal(store.stored.size, 0);
  }
  for (const path of ["/r/retro", "/", "/r/standup/x", "/r/"]) {
    note();
    assert.equal(takeReloaded(path, "reload", store, NOON), undefined, path);
    assert.equal(store.stored.size, 0);
  }
  for (const later of [60_000, 86_400_000, -1]) {
    note();
    assert.equal(takeReloaded("/r/standup", "reload", store, NOON + later), undefined, `${later}`);
  }
});

test("nothing is taken from what cannot be read, or where nothing can be stored", () => {
  const store = tab();
  for (const text of ["", "{", "null", "[]", "3", '{"room":"standup"}']) {
    store.setItem("tangelo.in_call", text);
    assert.equal(takeReloaded("/r/standup", "reload", store), undefined, text);
  }
  const refuses = () => {
    throw new Error("no");
  };
  const none = { getItem: refuses, setItem: refuses, removeItem: refuses };
  noteInCall("standup", "Ada", devices(true, true), none);
  noteLeft(none);
  assert.equal(takeReloaded("/r/standup", "reload", none), undefined);
});
