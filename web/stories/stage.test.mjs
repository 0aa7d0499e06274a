// Pages of people, pins, the order of tiles, and what moves.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Visitor } from "./lib/visitor.mjs";

after(() => Visitor.goHome());

const SMALL = { width: 320, height: 568, scheme: "light" };

test("everyone is on exactly one page, and its ends are ends", async () => {
  const ada = await Visitor.in("call/25 people", { size: SMALL });
  const here = () => ada.page.$$eval(".tile", tiles => tiles.map(each => each.dataset.client));
  const pages = Number((await ada.text(".pager [role=status]")).split("/")[1]);
  assert.ok(pages > 1);
  const seen = await here();
  await ada.goTo("Previous page");
  await ada.keys("Enter");
  assert.deepEqual(await here(), seen, "there is nothing before the first page");
  await ada.goTo("Next page");
  for (let page = 2; page <= pages; page++) {
    await ada.keys("Enter");
    await ada.until(
      number => document.querySelector(".pager [role=status]").innerText.startsWith(`${number} `),
      page,
    );
    seen.push(...(await here()));
  }
  assert.equal(seen.length, 25);
  assert.equal(new Set(seen).size, 25);
  const last = await here();
  await ada.keys("Enter");
  assert.deepEqual(await here(), last, "there is nothing after the last page");
});

test("a pin shows somebody large until it is taken away", async () => {
  const ada = await Visitor.in("call/5 people");
  await ada.goTo("Show Grace Hopper large");
  await ada.keys("Enter");
  await ada.sees(".spotlight .grid .tile");
  assert.ok((await ada.text(".spotlight .grid")).includes("Grace Hopper"));
  await ada.until(() => window.call.asked.some(([name, who]) => name === "setMain" && who));
  await ada.goTo("Show Grace Hopper no longer large");
  await ada.keys("Enter");
  await ada.missesNow(".spotlight");
});

test("nobody's picture is given up while tiles change their places", async () => {
  const ada = await Visitor.in("call/5 people");
  const told = () =>
    ada.page.evaluate(() =>
      window.call.asked
        .filter(([name]) => name === "shows")
        .map(([, places]) => places.map(({ client }) => client)),
    );
  await ada.until(() =>
    window.call.asked.some(([name, places]) => name === "shows" && places.length === 4),
  );
  const before = (await told()).length;
  const grace = await ada.page.$eval("[aria-label='Show Grace Hopper large']", button => {
    return button.closest(".tile").dataset.client;
  });
  await ada.goTo("Show Grace Hopper large");
  await ada.keys("Enter");
  await ada.sees(".spotlight .grid .tile");
  await ada.goTo("Show Grace Hopper no longer large");
  await ada.keys("Enter");
  await ada.until(() => document.querySelector(".spotlight") === null);
  await ada.until(
    count => window.call.asked.filter(([name]) => name === "shows").length >= count + 2,
    before,
  );
  for (const clients of (await told()).slice(before)) {
    assert.ok(clients.includes(grace), `${grace} is not among ${clients.join()}`);
  }
});

test("who comes back with another client is still pinned, and not who only claims the same key", async () => {
  const ada = await Visitor.in("call/5 people");
  await ada.goTo("Show Grace Hopper large");
  await ada.keys("Enter");
  const large = client =>
    ada.until(wanted => {
      const tiles = [...document.querySelectorAll(".spotlight > .grid .tile")];
      return tiles.map(tile => tile.dataset.client).join() === wanted;
    }, client);
  const people = change =>
    ada.page.evaluate(change => {
      const { view } = window.call;
      window.all ??= view.get().people;
      const [me, grace, ...others] = window.all;
      const made = change.map(each => ({ ...grace, ...each }));
      view.patch({ people: [me, ...others, ...made] });
      return grace.client;
    }, change);
  const client = await people([{}]);
  await large(client);
  const claims = { client: "claims", confirmed: false };
  await people([{ present: false }, claims]);
  await large(client);
  await people([claims]);
  await ada.missesNow(".spotlight");
  await people([claims, { client: "again" }]);
  await large("again");
  await people([{ present: false }, { client: "again" }]);
  await large("again");
  await ada.goTo("Show Grace Hopper no longer large");
  await ada.keys("Enter");
  await ada.missesNow(".spotlight");
});

test("Escape closes what a tile says of its quality, and nothing else with it", async () => {
  const ada = await Visitor.in("tile/qualities");
  const says = said =>
    ada.until(wanted => {
      const tips = [...document.querySelectorAll(".tip")];
      return tips.some(tip => getComputedStyle(tip).visibility === "visible") === wanted;
    }, said);
  // Panels and dialogs leave a key alone that had its effect.
  await ada.page.evaluate(() => {
    window.taken = [];
    addEventListener("keydown", ({ key, defaultPrevented }) => {
      if (key === "Escape") window.taken.push(defaultPrevented);
    });
  });
  await says(false);
  await ada.page.hover(".quality");
  await says(true);
  await ada.keys("Escape");
  await says(false);
  await ada.keys("Escape");
  assert.deepEqual(await ada.page.evaluate(() => window.taken), [true, false]);

  await ada.page.hover(".toolbar");
  // From the keyboard on, the focus shows.
  await ada.keys("Shift+Tab");
  await ada.page.focus(".quality");
  await says(true);
  await ada.keys("Escape");
  await says(false);
  await ada.page.hover(".quality");
  await says(true);
});

test("one sound tells of any number who come or leave at once, and nobody hears it who wants none", async () => {
  const ada = await Visitor.in("call/5 people");
  await ada.page.evaluate(() => {
    window.tones = [];
    const { start } = OscillatorNode.prototype;
    OscillatorNode.prototype.start = function (...args) {
      window.tones.push(this.frequency.value);
      start.apply(this, args);
    };
  });
  let id = 0;
  const news = async (joined, left) => {
    await ada.page.evaluate(news => window.call.view.patch({ news }), { id: ++id, joined, left });
    const words = [...joined, ...left].at(-1);
    await ada.until(name => document.querySelector(".toast")?.innerText.includes(name), words);
    return ada.page.evaluate(() => window.tones.splice(0));
  };
  const many = Array.from({ length: 20 }, (_, number) => `Person ${number}`);
  assert.deepEqual(await news(many, []), [523, 784]);
  assert.deepEqual(await news([], ["Grace", "Joan"]), [587, 392]);
  assert.deepEqual(await news(["Mary"], ["Lin"]), [523, 784]);
  await ada.page.evaluate(() => localStorage.setItem("tangelo.sounds_off", "off"));
  assert.deepEqual(await news(["Kay"], []), []);
});

test("in speaker view whoever speaks is large, and is not interrupted", async () => {
  const ada = await Visitor.in("stage/speaker view");
  const speak = (...numbers) =>
    ada.page.evaluate(who => {
      const { view } = window.call;
      const { people } = view.get();
      const lastHeard = new Map(view.get().lastHeard);
      const latest = Math.max(...lastHeard.values());
      for (const number of who) lastHeard.set(people[number].client, latest + 1);
      view.patch({
        lastHeard,
        people: people.map((each, number) => ({ ...each, speaking: who.includes(number) })),
      });
    }, numbers);
  const large = name =>
    ada.until(
      words => document.querySelector(".spotlight .grid .tile")?.innerText.includes(words),
      name,
    );
  await large("Lin Lanying");
  await speak(3);
  await large("Katherine Johnson");
  await speak(3, 1);
  await large("Katherine Johnson");
  await speak(1);
  await large("Grace Hopper");
});

test("who speaks on another page takes the place of who was silent longest, and nobody else moves", async () => {
  const ada = await Visitor.in("call/25 people", { size: SMALL });
  const here = () => ada.page.$$eval(".tile", tiles => tiles.map(each => each.dataset.client));
  const before = await here();
  const hidden = await ada.page.evaluate(here => {
    const { people } = window.call.view.get();
    return people.map(({ client }) => client).filter(client => !here.includes(client));
  }, before);
  const speak = client =>
    ada.page.evaluate(client => {
      const { view } = window.call;
      const { people, lastHeard } = view.get();
      view.patch({
        lastHeard: new Map(lastHeard).set(client, performance.now()),
        people: people.map(each => ({ ...each, speaking: each.client === client })),
      });
    }, client);
  const shows = wanted =>
    ada.until(
      wanted =>
        [...document.querySelectorAll(".tile")].some(tile => tile.dataset.client === wanted),
      wanted,
    );
  const [first, second] = hidden;
  await speak(first);
  await shows(first);
  const then = await here();
  const place = then.indexOf(first);
  assert.ok(place > 0, "the own tile stays the first");
  assert.deepEqual(then.toSpliced(place, 1), before.toSpliced(place, 1), "the others stay");
  await speak(then.at(-1));
  assert.deepEqual(await here(), then, "somebody in sight who speaks moves nobody");
  await speak(second);
  await shows(second);
  assert.equal((await here())[place], first, "who has just spoken stays");
});

test("nothing moves for those who want no motion, and a reaction floats for the others", async () => {
  const moving = async motion => {
    const ada = await Visitor.in("call/3 people", { motion });
    await ada.page.evaluate(() => {
      const { view } = window.call;
      const { client } = view.get().people[1];
      view.patch({ reactions: [{ id: 1, client, name: "", emoji: "🎉" }] });
    });
    await ada.sees(".reaction");
    return ada.page.evaluate(() =>
      document.getAnimations().map(({ animationName }) => animationName),
    );
  };
  assert.deepEqual(await moving("reduce"), []);
  assert.ok((await moving("no-preference")).includes("float"));
});

test("the name of a tile says all that its marks show", async () => {
  const ada = await Visitor.in("tile/doubts");
  const labels = await ada.page.$$eval(".tile", tiles => tiles.map(each => each.ariaLabel));
  assert.deepEqual(labels, [
    "Ada Lovelace (You)",
    "Grace Hopper, seen before, not heard from for a while",
    "Lin Lanying, seen before, muted, sees another call than you",
  ]);
});

test("beside a shared screen only a pin is large: data saver receives nobody else's camera", async () => {
  const ada = await Visitor.in("share-tile/one");
  await ada.keys("l");
  await ada.goTo("Show Lin Lanying large");
  assert.deepEqual((await ada.asked("setMain")).at(-1) ?? [null], [null]);
  await ada.keys("Enter");
  const isMain = wanted =>
    ada.until(wanted => {
      const mains = window.call.asked.filter(([name]) => name === "setMain");
      return (mains.at(-1)?.[1] !== undefined) === wanted;
    }, wanted);
  await isMain(true);
  await ada.goTo("Show Lin Lanying no longer large");
  await ada.keys("Enter");
  await isMain(false);
});
