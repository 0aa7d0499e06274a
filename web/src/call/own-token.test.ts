import assert from "node:assert/strict";
import { test } from "node:test";
import {
  hasTokenForEveryRoom,
  keepToken,
  linkWithToken,
  nameIn,
  suggestedName,
  takeToken,
  tokenFor,
} from "./own-token.js";

const SECRET = "s".repeat(64);
let rooms = 0;

/** A room that no other test has a token for. */
function room(): string {
  rooms += 1;
  return `_${"a".repeat(31)}${"bcdefghijklmnopqrstuvwxyz"[rooms]}`;
}

function storage(): Map<string, string> {
  const stored = new Map<string, string>();
  const sessionStorage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
  };
  Object.assign(globalThis, { sessionStorage });
  return stored;
}

function tokenOf(claims: object): string {
  const part = (value: object) => {
    const bytes = String.fromCharCode(...new TextEncoder().encode(JSON.stringify(value)));
    return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };
  return `${part({ alg: "HS256" })}.${part(claims)}.c2ln`;
}

test("a token leaves the address, and goes to the core behind the link", () => {
  storage();
  const name = room();
  assert.equal(takeToken(`/r/${name}`, `#${SECRET}&token=a.b-_.c`), `#${SECRET}`);
  const link = `/r/${name}#${SECRET}`;
  assert.equal(linkWithToken(link, name), `${link}&token=a.b-_.c`);
  assert.equal(linkWithToken(`${link}.host`, name), `${link}.host&token=a.b-_.c`);
});

test("a named room has nothing before its token, and a host's link keeps its own secret", () => {
  storage();
  assert.equal(takeToken("/r/standup/", "#token=a.b.c"), "");
  assert.equal(linkWithToken("/r/standup", "standup"), "/r/standup#token=a.b.c");
  assert.equal(takeToken(`/r/${room()}`, `#${SECRET}.host&token=a.b.c`), `#${SECRET}.host`);
});

test("a token takes no secret's place", () => {
  storage();
  assert.equal(takeToken(`/r/${room()}`, "#token=a.b.c"), "", "that link is cut, and is refused");
});

test("what is no token is left to the core to refuse, and no address is taken for one", () => {
  storage();
  const name = room();
  assert.equal(takeToken(`/r/${name}`, `#${SECRET}&token=cut`), `#${SECRET}`);
  assert.equal(linkWithToken("/r/x#s", name), "/r/x#s&token=cut");
  const other = room();
  for (const hash of ["", "#", `#${SECRET}`, `#${SECRET}.host`, "#tokens"]) {
    assert.equal(takeToken(`/r/${other}`, hash), hash);
  }
  assert.equal(takeToken(`/r/${other}`, `#${SECRET}&token=`), `#${SECRET}`);
  assert.equal(tokenFor(other), undefined);
  assert.equal(linkWithToken("/r/x#s", other), "/r/x#s");
});

test("a reload finds it in the tab once the call has begun", () => {
  const stored = storage();
  const name = room();
  takeToken(`/r/${name}`, `#${SECRET}&token=a.b.c`);
  assert.equal(stored.size, 0, "the server may refuse it");
  keepToken(name);
  assert.deepEqual([...stored], [[`tangelo.token.${name}`, "a.b.c"]]);
  // What the reloaded page sees.
  takeToken(`/r/${name}`, `#${SECRET}`);
  assert.equal(tokenFor(name), "a.b.c");
  keepToken(room());
  assert.equal(stored.size, 1, "nothing was brought for that one");
});

test("a token that never got anybody in does not stick to the tab", () => {
  const stored = storage();
  const name = room();
  takeToken(`/r/${name}`, `#${SECRET}&token=ex.pi.red`);
  assert.equal(tokenFor(name), "ex.pi.red");
  takeToken(`/r/${name}`, `#${SECRET}`);
  assert.equal(tokenFor(name), undefined);
  keepToken(name);
  assert.equal(stored.size, 0);
  // Nor does a wrong one take a right one's place.
  stored.set(`tangelo.token.${name}`, "a.b.c");
  takeToken(`/r/${name}`, `#${SECRET}&token=ex.pi.red`);
  assert.equal(tokenFor(name), "ex.pi.red");
  takeToken(`/r/${name}`, `#${SECRET}`);
  assert.equal(tokenFor(name), "a.b.c");
});

test("a browser that keeps nothing knows it until the page is reloaded", () => {
  const closed = () => {
    throw new DOMException("no place for it", "SecurityError");
  };
  const store = { getItem: closed, setItem: closed };
  const name = room();
  assert.equal(takeToken(`/r/${name}`, `#${SECRET}&token=a.b.c`), `#${SECRET}`);
  assert.equal(tokenFor(name, store), "a.b.c");
  keepToken(name, store);
  assert.equal(tokenFor(name, store), "a.b.c");
  assert.equal(tokenFor(room(), store), undefined);
});

test("a name is suggested as the token has it, whatever else is in it", () => {
  storage();
  assert.equal(nameIn(tokenOf({ name: " Zoë Müller " })), "Zoë Müller");
  assert.equal(nameIn(tokenOf({ name: "🍊".repeat(50) })), "🍊".repeat(40));
  for (const none of [tokenOf({}), tokenOf({ name: 7 }), "a.b.c", "a", "", tokenOf([])]) {
    assert.equal(nameIn(none), "");
  }
  const name = room();
  takeToken(`/r/${name}`, `#${SECRET}&token=${tokenOf({ name: "Ada" })}`);
  assert.equal(suggestedName(name), "Ada");
});

test("what comes with the start page is for every room that has none of its own", () => {
  const stored = storage();
  const name = room();
  assert.equal(hasTokenForEveryRoom(), false);
  assert.equal(takeToken("/", "#token=x.y.z"), "");
  assert.equal(hasTokenForEveryRoom(), true);
  assert.equal(tokenFor(name), "x.y.z");
  takeToken("/", "");
  assert.equal(hasTokenForEveryRoom(), true, "the way back from a call");
  takeToken(`/r/${name}`, `#${SECRET}&token=a.b.c`);
  assert.equal(tokenFor(name), "a.b.c");
  keepToken(name);
  assert.deepEqual([...stored.keys()], [`tangelo.token.${name}`], "the other one was not shown");
  keepToken(room());
  assert.equal(stored.get("tangelo.token.*"), "x.y.z");
});
