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

test("a reload in the middle of a call is known, with what was on, and only once", () => {
  const store = tab();
  noteInCall("standup", devices(true, true), store);
  noteInCall("standup", devices(false, true), store);
  assert.deepEqual(takeReloaded("standup", "reload", store), {
    room: "standup",
    microphone: false,
    camera: true,
  });
  assert.equal(takeReloaded("standup", "reload", store), undefined);
});

test("who left, came another way, or opens another room joins with a click", () => {
  const store = tab();
  const note = () => noteInCall("standup", devices(true, true), store);
  note();
  noteLeft(store);
  assert.equal(takeReloaded("standup", "reload", store), undefined);
  for (const navigation of ["navigate", "back_forward", "prerender", ""]) {
    note();
    assert.equal(takeReloaded("standup", navigation, store), undefined, navigation);
    assert.equal(store.stored.size, 0);
  }
  note();
  assert.equal(takeReloaded("retro", "reload", store), undefined);
});

test("nothing is taken from what cannot be read, or where nothing can be stored", () => {
  const store = tab();
  for (const text of ["", "{", "null", "[]", "3"]) {
    store.setItem("tangelo.in_call", text);
    assert.equal(takeReloaded("standup", "reload", store), undefined, text);
  }
  const refuses = () => {
    throw new Error("no");
  };
  const none = { getItem: refuses, setItem: refuses, removeItem: refuses };
  noteInCall("standup", devices(true, true), none);
  noteLeft(none);
  assert.equal(takeReloaded("standup", "reload", none), undefined);
});
