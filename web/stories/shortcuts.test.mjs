// The keys of the call.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Visitor } from "./lib/visitor.mjs";

after(() => Visitor.goHome());

const microphoneOn = ada => ada.page.evaluate(() => window.call.devices.view.get().microphone.on);

test("keys do what the help says", async () => {
  const ada = await Visitor.in("call/3 people");
  await ada.keys("m");
  assert.equal(await microphoneOn(ada), false);
  await ada.keys("h");
  assert.deepEqual(await ada.asked("raiseHand"), [[true]]);
  await ada.keys("s");
  assert.equal((await ada.asked("toggleShare")).length, 1);
  await ada.keys("l");
  await ada.sees(".spotlight");
  await ada.keys("l");
  await ada.missesNow(".spotlight");
  await ada.keys("p");
  await ada.sees(".panel.people");
  await ada.keys("p");
  await ada.missesNow(".panel");
  await ada.keys("k");
  await ada.sees("dialog.verifying");
  await ada.keys("Escape");
  await ada.missesNow("dialog");
  await ada.keys("?");
  await ada.sees("dialog.help");
});

test("a muted person talks as long as the space bar is held", async () => {
  const ada = await Visitor.in("toolbar/all off");
  assert.equal(await microphoneOn(ada), false);
  await ada.page.keyboard.down("Space");
  assert.equal(await microphoneOn(ada), true);
  await ada.page.keyboard.up("Space");
  assert.equal(await microphoneOn(ada), false);
});

test("keys are letters in a field, and do nothing behind a dialog", async () => {
  const ada = await Visitor.in("chat-panel/empty");
  await ada.keys("m", "h");
  assert.equal(await ada.page.$eval("textarea", each => each.value), "mh");
  assert.equal(await microphoneOn(ada), true);
  assert.deepEqual(await ada.asked("raiseHand"), []);
  const behind = await Visitor.in("help-dialog/keys on");
  await behind.keys("m");
  assert.equal(await microphoneOn(behind), true);
});

test("with the control key a letter belongs to the browser", async () => {
  const ada = await Visitor.in("call/3 people");
  await ada.keys("Control+m");
  assert.equal(await microphoneOn(ada), true);
});

test("the help turns the keys off and on again", async () => {
  const ada = await Visitor.in("help-dialog/keys on");
  const box = await ada.sees("dialog [type=checkbox]");
  await box.click();
  await ada.keys("Escape");
  await ada.missesNow("dialog");
  await ada.keys("m");
  assert.equal(await microphoneOn(ada), true);
  const again = await Visitor.in("help-dialog/keys off");
  await (await again.sees("dialog [type=checkbox]")).click();
  await again.keys("Escape");
  await again.missesNow("dialog");
  await again.keys("m");
  assert.equal(await microphoneOn(again), false);
});
