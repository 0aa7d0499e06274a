// Dialogs, panels and menus with the keyboard alone.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Visitor } from "./lib/visitor.mjs";

after(() => Visitor.goHome());

const PHONE = { width: 360, height: 740, scheme: "light" };

for (const [opener, dialog] of [
  ["Invite", "dialog.invite"],
  ["Verify", "dialog.verifying"],
]) {
  test(`Escape closes what "${opener}" opened and gives the focus back`, async () => {
    const ada = await Visitor.in("call/3 people");
    await ada.goTo(opener);
    await ada.keys("Enter");
    await ada.sees(dialog);
    assert.ok(await ada.page.$eval(dialog, element => element.contains(document.activeElement)));
    await ada.keys("Escape");
    await ada.missesNow(dialog);
    await ada.isAt(opener);
    assert.deepEqual(ada.errors, []);
  });
}

for (const [opener, panel] of [
  ["Chat", ".panel.chat"],
  ["People", ".panel.people"],
]) {
  test(`Escape closes the panel of "${opener}" and gives the focus back`, async () => {
    const ada = await Visitor.in("call/3 people");
    await ada.goTo(opener);
    await ada.keys("Enter");
    await ada.sees(panel);
    await ada.keys("Escape");
    await ada.missesNow(panel);
    await ada.isAt(opener);
  });
}

test("on a phone a panel covers the controls, and they cannot be reached below it", async () => {
  const ada = await Visitor.in("call/3 people", { size: PHONE });
  await ada.goTo("Chat");
  await ada.keys("Enter");
  await ada.sees(".panel.chat");
  const hidden = selector =>
    ada.page.$eval(selector, each => !each.checkVisibility({ visibilityProperty: true }));
  assert.ok(await hidden(".toolbar"));
  assert.ok(await hidden(".stage .grid"));
  assert.ok(!(await hidden(".lock")));
  await ada.keys("Escape");
  await ada.missesNow(".panel");
  await ada.isAt("Chat");
});

test("a dialog that the menu opened gives the focus back to the menu's button", async () => {
  const ada = await Visitor.in("call/3 people");
  await ada.goTo("More");
  await ada.keys("Enter");
  await ada.sees(".menu");
  await ada.click("Settings");
  await ada.sees("dialog.settings");
  await ada.keys("Escape");
  await ada.missesNow("dialog");
  await ada.isAt("More");
});

for (const [opener, inside] of [
  ["React", ".emoji-choice"],
  ["More", ".menu"],
]) {
  test(`Escape closes the menu of "${opener}", and so does going elsewhere`, async () => {
    const ada = await Visitor.in("call/3 people");
    await ada.goTo(opener);
    await ada.keys("Enter");
    await ada.sees(inside);
    await ada.keys("Escape");
    await ada.missesNow(inside);
    await ada.isAt(opener);
    await ada.keys("Enter");
    await ada.sees(inside);
    await ada.goTo("Leave call");
    await ada.missesNow(inside);
    assert.deepEqual(await ada.asked("leave"), []);
  });
}

test("a reaction is chosen with the keyboard", async () => {
  const ada = await Visitor.in("call/3 people");
  await ada.goTo("React");
  await ada.keys("Enter");
  await ada.isAt("Thumbs up");
  await ada.keys("Tab");
  await ada.isAt("Heart");
  await ada.keys("Enter");
  await ada.missesNow(".emoji-choice");
  await ada.isAt("React");
  assert.deepEqual(await ada.asked("react"), [["❤️"]]);
});

test("Tab stays in a dialog until it is closed", async () => {
  const ada = await Visitor.in("help-dialog/keys on");
  for (let press = 0; press < 8; press++) {
    await ada.keys("Tab");
    const out = await ada.page.evaluate(() => {
      const at = document.activeElement;
      return at !== document.body && at?.closest("dialog") === null;
    });
    assert.ok(!out, "the focus is behind the dialog");
  }
});

test("arrows choose how much of the network is used", async () => {
  const ada = await Visitor.in("settings-dialog/usual");
  await (await ada.sees("[type=radio]:checked")).focus();
  await ada.keys("ArrowDown");
  assert.deepEqual(await ada.asked("setMode"), [["saver"]]);
  await ada.keys("ArrowDown");
  assert.deepEqual(await ada.asked("setMode"), [["saver"], ["audio"]]);
});

test("an alarm stays until it is said to be seen, and the keyboard goes on from there", async () => {
  const ada = await Visitor.in("alarms/four");
  await ada.goTo("I have seen this");
  await ada.keys("Enter");
  await ada.until(() => document.querySelectorAll(".alarm").length === 3);
  assert.deepEqual(await ada.asked("dismissAlarm"), [[4]]);
  await ada.keys("Tab");
  await ada.isAt("I have seen this");
});

test("that an effect failed is said once, with the way out, whether the effects are open or not", async () => {
  const ada = await Visitor.in("effects-panel/failed");
  const said = () =>
    ada.page.$$eval("dialog .problem", all =>
      all.filter(each => each.checkVisibility()).map(each => each.innerText.split(" ")[1]),
    );
  assert.deepEqual(await said(), ["suppression", "background"]);
  await ada.page.click(".effects-place summary");
  await ada.until(() => !document.querySelector(".effects-place details").open);
  assert.deepEqual(await said(), ["suppression", "background"]);
  await ada.sees('aria/Use the camera without an effect[role="button"]');
});
