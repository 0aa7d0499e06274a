import assert from "node:assert/strict";
import { test } from "node:test";
import { forgetRoom, recentRooms, rememberRoom } from "./recent-rooms.js";

function store(initial?: string) {
  let value = initial ?? null;
  return {
    getItem: () => value,
    setItem: (_: string, text: string) => (value = text),
    removeItem: () => (value = null),
    value: () => value,
  };
}

test("the latest room comes first, each once, eight at most", () => {
  const kept = store();
  for (let room = 0; room < 10; room++) rememberRoom(`/r/room-${room}`, room, kept);
  rememberRoom("/r/room-5", 20, kept);
  const links = recentRooms(kept).map(({ link }) => link);
  assert.equal(links.length, 8);
  assert.deepEqual(links.slice(0, 3), ["/r/room-5", "/r/room-9", "/r/room-8"]);
});

test("forgetting the last one leaves nothing behind", () => {
  const kept = store();
  const link = `/r/_${"a".repeat(32)}#${"b".repeat(64)}`;
  rememberRoom(link, 1, kept);
  assert.deepEqual(recentRooms(kept), [{ link, at: 1 }]);
  forgetRoom(link, kept);
  assert.equal(kept.value(), null);
});

test("what is not a room is left out, and a store that throws is no harm", () => {
  const bad = [
    { link: "javascript:alert(1)", at: 1 },
    { link: "/r/ok" },
    5,
    null,
    { link: "/r/ok", at: 2 },
  ];
  assert.deepEqual(recentRooms(store(JSON.stringify(bad))), [{ link: "/r/ok", at: 2 }]);
  assert.deepEqual(recentRooms(store("{")), []);
  const broken = {
    ...store(),
    setItem: () => {
      throw new Error("full");
    },
  };
  rememberRoom("/r/x", 1, broken);
});
