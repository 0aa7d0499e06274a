import assert from "node:assert/strict";
import { test } from "node:test";
import { LastTime } from "./last-time.js";
import { LAST_TIME_KEY } from "./preferences.js";
import type { Claim } from "./trust.js";

function store(): Storage {
  const all = new Map<string, string>();
  return {
    getItem: (key: string) => all.get(key) ?? null,
    setItem: (key: string, value: string) => void all.set(key, value),
    removeItem: (key: string) => void all.delete(key),
  } as Storage;
}

const identityOf = (name: string) => name.charCodeAt(0).toString(16).repeat(32);

function here(...names: string[]): Claim[] {
  const claim = (name: string, own: boolean): Claim => ({
    client: `${name}'s`,
    name,
    identity: identityOf(name),
    own,
    confirmed: true,
  });
  return [claim("Ada", true), ...names.map(name => claim(name, false))];
}

test("the first time nothing is different, the next time who came and who is missing", () => {
  const kept = store();
  const first = new LastTime("standup", kept, () => 1_000);
  assert.equal(first.compare(here("Grace", "Lin")), undefined);
  assert.equal(first.compare(here("Grace")), undefined, "who has gone was there");
  const next = new LastTime("standup", kept, () => 2_000);
  assert.equal(next.compare(here()), undefined, "alone: they may still come");
  assert.deepEqual(next.compare(here("Grace", "Mae")), {
    at: 1_000,
    added: ["Mae"],
    missing: ["Lin"],
  });
  const last = new LastTime("standup", kept);
  assert.deepEqual(last.compare(here("Mae", "Grace")), { at: 2_000, added: [], missing: [] });
});

test("another key under a known name is another device, an unconfirmed one is none", () => {
  const kept = store();
  new LastTime("standup", kept).compare(here("Grace"));
  const [own, grace] = here("Grace");
  if (own === undefined || grace === undefined) throw new Error("two people");
  const stranger = { ...grace, identity: identityOf("Eve") };
  const since = new LastTime("standup", kept).compare([own, stranger]);
  assert.deepEqual([since?.added, since?.missing], [["Grace"], ["Grace"]]);
  const shadow = { ...stranger, confirmed: false };
  assert.equal(new LastTime("elsewhere", kept).compare([own, shadow]), undefined);
  assert.equal(kept.getItem(LAST_TIME_KEY)?.includes("elsewhere"), false, "nobody was met there");
});

test("rooms are apart, only some are kept, and all can be forgotten", () => {
  const kept = store();
  for (let room = 0; room < 12; room++) new LastTime(`room-${room}`, kept).compare(here("Grace"));
  const of = (room: string) => new LastTime(room, kept).compare(here("Grace"));
  assert.equal(of("room-3"), undefined);
  assert.deepEqual(of("room-11")?.added, []);
  new LastTime("room-11", kept).forget();
  assert.equal(kept.getItem(LAST_TIME_KEY), null);
});

test("what is no record is none", () => {
  for (const text of [
    "[",
    "7",
    '{"standup":{"at":1,"people":{"x":"Grace"}}}',
    '{"standup":null}',
  ]) {
    const kept = store();
    kept.setItem(LAST_TIME_KEY, text);
    assert.equal(new LastTime("standup", kept).compare(here("Grace")), undefined, text);
  }
});
