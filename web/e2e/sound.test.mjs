// What is heard besides the others' voices, through which device, and what is said to who talks while muted.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { heldDevices } from "./lib/held-devices.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

/**
 * Runs in the page before its scripts. `window.tones` has the frequencies of the tones that were begun, `window.hints` how
 * often the page began to say that the person is muted.
 */
function listen() {
  window.tones = [];
  const Tone = window.OscillatorNode;
  const start = Tone.prototype.start;
  Tone.prototype.start = function (...args) {
    if (this.context instanceof AudioContext) window.tones.push(this.frequency.value);
    start.apply(this, args);
  };
  window.hints = 0;
  let shown = false;
  new MutationObserver(() => {
    const now = document.body?.innerText.includes("You are muted.") === true;
    if (now && !shown) window.hints++;
    shown = now;
  }).observe(document, { childList: true, subtree: true, characterData: true });
}

let server, browser, ada, grace;
before(async () => {
  server = await Server.start();
  browser = await chromium({ screen: true, voice: true });
  ada = await Person.open(browser, server.url, `(${listen})();${heldDevices}`);
  await ada.startCall("Ada");
  grace = await Person.open(browser, ada.page.url(), `(${listen})();`);
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const tones = person => person.page.evaluate(() => window.tones);
const JOINED = [523, 784];
const LEFT = [587, 392];

test("two tones tell who is there that somebody came or left, and none who do not want them", async () => {
  assert.deepEqual(await tones(ada), JOINED);
  assert.deepEqual(await tones(grace), [], "who comes is no news to themselves");
  await grace.tick("Sounds when people come and leave");

  const lin = await Person.open(browser, ada.page.url());
  await lin.joinCall("Lin");
  const says = (person, words) =>
    person.until(words, wanted => document.body.innerText.includes(wanted), words);
  await Promise.all([says(ada, "Lin joined"), says(grace, "Lin joined")]);
  await lin.click("Leave call");
  await Promise.all([says(ada, "Lin left"), says(grace, "Lin left")]);
  assert.deepEqual(await tones(ada), [...JOINED, ...JOINED, ...LEFT]);
  assert.deepEqual(await tones(grace), []);
  await lin.close();
  await grace.tick("Sounds when people come and leave");
});

/** Of each element that plays somebody: the device, as the browser calls it, and how far it has come. */
const playing = person =>
  person.page.$$eval("audio", all =>
    all.filter(each => !each.paused).map(({ sinkId, currentTime }) => ({ sinkId, currentTime })),
  );

test("the sound of a shared screen is heard beside its author's voice, and goes with the screen", async () => {
  assert.equal((await playing(grace)).length, 1);
  await ada.click("Share screen");
  const sounds = lines =>
    ["microphone", "screen_audio"].map(source =>
      lines.find(({ use, audioEnergy }) => use.source === source && audioEnergy > 0),
    );
  const { lines } = await grace.receives("to hear Ada and her screen", lines =>
    sounds(lines).every(line => line !== undefined),
  );
  const then = sounds(lines);
  await grace.receives("to go on hearing both", later =>
    sounds(later).every((line, at) => line?.audioEnergy > then[at].audioEnergy),
  );
  const before = await playing(grace);
  assert.equal(before.length, 2);
  await grace.until(
    "both to be played",
    times => {
      const now = [...document.querySelectorAll("audio")];
      return now.length === 2 && now.every((each, at) => each.currentTime > times[at]);
    },
    before.map(({ currentTime }) => currentTime),
  );
  assert.equal((await playing(ada)).length, 1, "nobody hears their own screen twice");

  await ada.click("Stop sharing");
  await grace.until("one voice", () => document.querySelectorAll("audio").length === 1);
  await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);
});

test("everyone is heard through the chosen speaker, also who comes later, and through another while it is gone", async () => {
  const name = "Fake Audio Output 2";
  const speaker = await ada.page.evaluate(async name => {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all.find(({ kind, label }) => kind === "audiooutput" && label === name).deviceId;
  }, name);
  const isHeardThrough = (count, id) =>
    ada.until(
      `${count} to be heard through ${id}`,
      (count, id) => {
        const all = [...document.querySelectorAll("audio")];
        return all.length === count && all.every(each => each.sinkId === id && !each.paused);
      },
      count,
      id,
    );
  await isHeardThrough(1, "");
  const choose = async id => {
    const field = await ada.page.waitForSelector("aria/Speaker");
    await field.select(id);
  };
  await ada.inSettings(() => choose(speaker));
  await isHeardThrough(1, speaker);
  const lin = await Person.open(browser, ada.page.url());
  await lin.joinCall("Lin");
  await isHeardThrough(2, speaker);

  await ada.page.evaluate(id => window.hide(id), speaker);
  await ada.until("words about the speaker", () =>
    document.body.innerText.includes("Your speaker was pulled out. The default is used now."),
  );
  await isHeardThrough(2, "");
  await ada.page.evaluate(id => window.show(id), speaker);
  await isHeardThrough(2, speaker);
  await ada.inSettings(() => choose(""));
  await isHeardThrough(2, "");
  await lin.close();
});

test("where the browser does not let a page choose, no speaker is offered", async () => {
  const hide = "delete HTMLMediaElement.prototype.setSinkId;";
  const offered = async before => {
    const lin = await Person.open(browser, ada.page.url(), before);
    await lin.page.waitForSelector("aria/Microphone");
    await lin.until("names of devices", () =>
      [...document.querySelectorAll("option")].some(({ text }) => text === "Fake Audio Input 1"),
    );
    const names = await lin.page.$$eval("label", labels => labels.map(label => label.innerText));
    await lin.close();
    return names.includes("Speaker");
  };
  assert.equal(await offered(undefined), true);
  assert.equal(await offered(hide), false);
});

test("who talks while muted is told so, with noise suppression too, and nobody else is", async () => {
  /** Of what begins with this. */
  const isTold = async act => {
    await grace.page.evaluate(() => (window.hints = 0));
    await act();
    await grace.until("the hint", () => window.hints > 0);
  };
  const microphone = () => grace.click("Microphone");
  const suppress = async on => {
    await grace.page.evaluate(on => window.tangelo.effects.suppressNoise(on), on);
    await grace.until(
      "noise suppression",
      wanted => window.tangelo.effects.view.get().state.microphone === wanted,
      on ? "on" : "off",
    );
  };
  await ada.until("Grace to be speaking", () =>
    document.querySelector('li.tile.speaking[data-own="false"]'),
  );
  assert.equal(
    await grace.page.evaluate(() => window.hints),
    0,
    "she has talked all the time, and was heard",
  );
  await isTold(microphone);
  // Then the page listens to what comes out of it: of a microphone that is muted, and of one that will be.
  await isTold(() => suppress(true));
  await microphone();
  await grace.until("its end", () => !document.body.innerText.includes("You are muted."));
  await isTold(microphone);
  await microphone();
  await suppress(false);
  assert.deepEqual([...ada.errors, ...grace.errors], []);
});
