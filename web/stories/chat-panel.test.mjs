// Writing in the chat.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Visitor } from "./lib/visitor.mjs";

after(() => Visitor.goHome());

const field = "textarea";

test("Enter sends a message, Shift+Enter breaks the line", async () => {
  const ada = await Visitor.in("chat-panel/empty");
  await ada.page.type(field, "one");
  await ada.keys("Shift+Enter");
  await ada.page.type(field, "two");
  assert.deepEqual(await ada.asked("say"), []);
  await ada.keys("Enter");
  assert.deepEqual(await ada.asked("say"), [["one\ntwo"]]);
  assert.equal(await ada.page.$eval(field, each => each.value), "");
});

test("a message of spaces is not sent", async () => {
  const ada = await Visitor.in("chat-panel/empty");
  await ada.page.type(field, "  ");
  await ada.keys("Enter");
  assert.deepEqual(await ada.asked("say"), []);
});

test("the Enter that ends a composition sends nothing", async () => {
  const ada = await Visitor.in("chat-panel/empty");
  await ada.page.focus(field);
  await ada.page.devtools.send("Input.imeSetComposition", {
    text: "りんご",
    selectionStart: 3,
    selectionEnd: 3,
  });
  await ada.page.$eval(field, each =>
    each.dispatchEvent(
      new KeyboardEvent("keydown", {
        key: "Enter",
        isComposing: true,
        bubbles: true,
        cancelable: true,
      }),
    ),
  );
  assert.deepEqual(await ada.asked("say"), []);
  assert.equal(await ada.page.$eval(field, each => each.value), "りんご");
});

test("links in messages open elsewhere and tell nobody where they stood", async () => {
  const ada = await Visitor.in("chat-panel/talk");
  const link = await ada.page.$eval(".message a", ({ href, target, rel }) => ({
    href,
    target,
    rel,
  }));
  assert.equal(link.href, "https://growers.example/harvest/october?sort=month");
  assert.equal(link.target, "_blank");
  assert.ok(link.rel.includes("noopener") && link.rel.includes("noreferrer"));
});

test("the latest message is in sight, and a person who reads an old one is left there", async () => {
  const ada = await Visitor.in("chat-panel/many");
  const list = ".messages";
  const fromEnd = () =>
    ada.page.$eval(list, each => each.scrollHeight - each.scrollTop - each.clientHeight);
  const another = text =>
    ada.page.evaluate(words => {
      const { view } = window.call;
      const { chat } = view.get();
      const message = { ...chat[0], id: words, text: words };
      view.patch({ chat: [...chat, message] });
    }, text);
  assert.ok((await fromEnd()) < 2);
  await another("A last word");
  await ada.until(() => document.querySelector(".messages").innerText.includes("A last word"));
  assert.ok((await fromEnd()) < 2);
  await ada.page.$eval(list, each => (each.scrollTop = 0));
  await ada.until(() => document.querySelector(".messages").scrollTop === 0);
  // The page hears of scrolling with the next frame.
  await ada.page.evaluate(() => new Promise(resolve => requestAnimationFrame(() => resolve())));
  await another("One more");
  await ada.until(() => document.querySelector(".messages").innerText.includes("One more"));
  assert.equal(await ada.page.$eval(list, each => each.scrollTop), 0);
});

test("messages that came while the chat was closed are counted, and read once it is open", async () => {
  const ada = await Visitor.in("toolbar/unread messages");
  assert.equal(await ada.text(".unread"), "4");
  await ada.keys("c");
  await ada.sees(".panel.chat");
  await ada.missesNow(".unread");
});
