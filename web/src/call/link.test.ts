import assert from "node:assert/strict";
import { test } from "node:test";
import { readTyped, routeOf } from "./link.js";

const ROOM = `_${"abcdefghijklmnopqrstuvwxyz234567"}`;
const HOST = "call.example:8080";

test("addresses lead where they say", () => {
  assert.deepEqual(routeOf("/", ""), { type: "home" });
  assert.deepEqual(routeOf(`/r/${ROOM}`, "#s3cret"), {
    type: "room",
    link: `/r/${ROOM}#s3cret`,
    room: ROOM,
    secret: true,
  });
  assert.deepEqual(routeOf("/r/standup", ""), {
    type: "room",
    link: "/r/standup",
    room: "standup",
    secret: false,
  });
  assert.equal(routeOf("/elsewhere", "").type, "unknown");
  assert.equal(routeOf("/r/a/b", "").type, "unknown");
});

test("a secret room without its secret is refused, never opened as a named one", () => {
  assert.equal(routeOf(`/r/${ROOM}`, "").type, "secret_missing");
  assert.equal(routeOf(`/r/${ROOM}`, "#").type, "secret_missing");
  assert.equal(routeOf("/r/_short", "#secret").type, "bad_room");
  assert.equal(routeOf(`/r/${ROOM}a`, "#secret").type, "bad_room");
  assert.equal(routeOf(`/r/${ROOM.slice(1)}`, "").type, "bad_room", "without its mark");
});

test("names that are none are refused", () => {
  for (const name of ["-a", "a-", "a--b", "Standup", "a%20b", "%C3%A4", "a".repeat(41)]) {
    assert.equal(routeOf(`/r/${name}`, "").type, "bad_room", name);
  }
});

test("typed links and names are understood", () => {
  const secret = { type: "path", path: `/r/${ROOM}#s` };
  assert.deepEqual(readTyped(` https://${HOST}/r/${ROOM}#s `, HOST), secret);
  assert.deepEqual(readTyped(`${HOST}/r/${ROOM}#s`, HOST), secret);
  assert.deepEqual(readTyped(`/r/${ROOM}#s`, HOST), secret);
  assert.deepEqual(readTyped(`${ROOM}#s`, HOST), secret);
  assert.deepEqual(readTyped("My  Team", HOST), { type: "path", path: "/r/my-team" });
});

test("a pasted link keeps its token", () => {
  for (const path of [`/r/${ROOM}#s&token=a.b.c`, "/r/standup#token=a.b.c"]) {
    assert.deepEqual(readTyped(`https://${HOST}${path}`, HOST), { type: "path", path });
  }
});

test("a link without its secret leads to the page that says so", () => {
  const path = `/r/${ROOM}`;
  assert.deepEqual(readTyped(`https://${HOST}${path}`, HOST), { type: "path", path });
});

test("links of other servers and nonsense are not followed", () => {
  assert.deepEqual(readTyped(`https://evil.example/r/${ROOM}#s`, HOST), {
    type: "other_host",
    host: "evil.example",
  });
  for (const nonsense of ["", "   ", "ä", "a/b", "https://", "javascript:alert(1)", "/x"]) {
    assert.deepEqual(readTyped(nonsense, HOST), { type: "bad" }, nonsense);
  }
});
