import assert from "node:assert/strict";
import { test } from "node:test";
import { piecesOf, withMessage } from "./chat.js";

const event = (id: string, identity: string, text: string) =>
  ({ type: "chat", id, client: "c", name: "Ada", identity, own: false, text }) as const;

test("a message that comes twice is kept once, one of another author with the same id is another", () => {
  let chat = withMessage([], event("1", "a", "hi"), 5);
  chat = withMessage(chat, event("1", "a", "hi"), 6);
  assert.equal(chat.length, 1);
  chat = withMessage(chat, event("1", "b", "hi"), 7);
  assert.deepEqual(
    chat.map(({ identity, at }) => [identity, at]),
    [
      ["a", 5],
      ["b", 7],
    ],
  );
});

test("the latest messages are kept", () => {
  let chat = withMessage([], event("first", "a", "hi"), 0);
  for (let index = 0; index < 1_000; index++) {
    chat = withMessage(chat, event(String(index), "a", "hi"), index);
  }
  assert.equal(chat.length, 1_000);
  assert.equal(chat.at(-1)?.id, "a 999");
  assert.equal(chat[0]?.id, "a 0");
});

test("links are found, sentences end outside them, and nothing but http is one", () => {
  assert.deepEqual(piecesOf("see https://a.example/x?y=1#z."), [
    { text: "see " },
    { text: "https://a.example/x?y=1#z", link: "https://a.example/x?y=1#z" },
    { text: "." },
  ]);
  assert.deepEqual(
    piecesOf("(http://a.example/b_(c))!").map(piece => piece.link),
    [undefined, "http://a.example/b_(c)", undefined],
  );
  for (const text of [
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://a.example",
    "https://",
    "a.example",
  ]) {
    assert.deepEqual(piecesOf(text), [{ text }], text);
  }
  for (const text of ["", "plain", "https://a.example https://b.example/"]) {
    assert.equal(
      piecesOf(text)
        .map(piece => piece.text)
        .join(""),
      text,
    );
  }
});
