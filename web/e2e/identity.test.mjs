// The device's identity: the same in every call until it is forgotten, in browsers with and without Ed25519.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { Server } from "./lib/server.mjs";

let server, browser;
before(async () => {
  server = await Server.start();
  browser = await chromium();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Runs in the worker before its own program: a browser whose WebCrypto knows no Ed25519. */
const NO_ED25519 = `
  const generateKey = crypto.subtle.generateKey.bind(crypto.subtle);
  crypto.subtle.generateKey = (algorithm, ...rest) =>
    (algorithm.name ?? algorithm) === "Ed25519"
      ? Promise.reject(new DOMException("no such algorithm", "NotSupportedError"))
      : generateKey(algorithm, ...rest);
`;

/** What the browser keeps of the identity. */
function kept() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("tangelo", 1);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const database = request.result;
      if (!database.objectStoreNames.contains("identity")) return resolve(undefined);
      const get = database.transaction("identity").objectStore("identity").get("device");
      get.onsuccess = () => {
        database.close();
        const value = get.result;
        resolve(
          value && {
            soft: value.soft,
            sealedBytes: value.sealed?.byteLength,
            extractable: (value.key ?? value.privateKey).extractable,
          },
        );
      };
    };
  });
}

/** A person alone in a room of its own, whose number stands for its identity and nothing else. */
async function numberAlone(person) {
  await person.page.goto(`${server.url}/r/alone`);
  await person.joinCall("Ada");
  const number = await person.number();
  await leave(person);
  return number;
}

async function leave(person) {
  await person.click("Leave call");
  await person.until("the farewell", () => document.body.innerText.includes("You left the call"));
}

async function forget(person, { people = false } = {}) {
  await person.page.goto(server.url);
  await person.click("Forget this device's identity");
  if (people) await (await person.page.waitForSelector("dialog input[type=checkbox]")).click();
  await person.click("Forget identity");
  await person.until("to be told", () => document.body.innerText.includes("Forgotten."));
  await person.click("Close");
}

/** Runs some lines in every worker of the page before the worker's own program. */
async function beforeWorkers(person, expression) {
  const session = await person.page.createCDPSession();
  let workers = 0;
  session.on("sessionattached", async worker => {
    await worker.send("Runtime.evaluate", { expression });
    workers++;
    await worker.send("Runtime.runIfWaitingForDebugger");
  });
  await session.send("Target.setAutoAttach", {
    autoAttach: true,
    waitForDebuggerOnStart: true,
    flatten: true,
  });
  return () => workers;
}

test("a browser with Ed25519 keeps a key that cannot be read, the same for every call", async () => {
  const ada = await Person.open(browser, server.url);
  const first = await numberAlone(ada);
  assert.deepEqual(await ada.page.evaluate(kept), { extractable: false });
  assert.equal(await numberAlone(ada), first);
  assert.deepEqual(ada.errors, []);
  await ada.close();
});

test("a browser without Ed25519 has its key in WASM, sealed on the disk, the same for every call", async () => {
  const ada = await Person.open(browser, server.url);
  const patched = await beforeWorkers(ada, NO_ED25519);
  const first = await numberAlone(ada);
  assert.ok(patched() > 0, "the worker was reached before its program ran");
  // 32 bytes of seed and 16 of tag.
  assert.deepEqual(await ada.page.evaluate(kept), { soft: 1, sealedBytes: 48, extractable: false });
  assert.equal(await numberAlone(ada), first);

  await ada.page.goto(server.url);
  await ada.startCall("Ada");
  const grace = await Person.open(browser, ada.page.url());
  await grace.joinCall("Grace");
  await Promise.all([ada.sees(2), grace.sees(2)]);
  await Promise.all([ada.hearsAndSees(1), grace.hearsAndSees(1)]);
  assert.equal(await ada.number(), await grace.number());
  await leave(ada);

  await forget(ada);
  assert.notEqual(await numberAlone(ada), first);
  assert.deepEqual([...ada.errors, ...grace.errors], []);
  await Promise.all([ada.close(), grace.close()]);
});

test("a forgotten identity does not come back, and calls in other tabs go on", async () => {
  const ada = await Person.open(browser, server.url);
  const first = await numberAlone(ada);

  // A second tab of the same browser is in a call meanwhile.
  const tab = await ada.openTab(`${server.url}/r/alone`);
  await tab.joinCall("Ada");
  assert.equal(await tab.number(), first);

  await ada.page.bringToFront();
  await forget(ada);
  assert.equal(await ada.page.evaluate(kept), undefined);
  await tab.page.bringToFront();
  assert.equal(await tab.number(), first, "the call goes on as it was");
  await leave(tab);

  // Both tabs come back as the same new one.
  const second = await numberAlone(tab);
  assert.notEqual(second, first);
  await ada.page.bringToFront();
  assert.equal(await numberAlone(ada), second);
  assert.deepEqual([...ada.errors, ...tab.errors], []);
  await ada.close();
});

test("the identity can be forgotten from within a call, which goes on as it was", async () => {
  const ada = await Person.open(browser, `${server.url}/r/alone`);
  await ada.joinCall("Ada");
  const first = await ada.number();
  await ada.openVerify();
  await ada.click("Forget this device's identity");
  await ada.click("Keep it");
  await ada.click("Forget this device's identity");
  await ada.click("Forget identity");
  await ada.until("to be told", () => document.body.innerText.includes("Forgotten."));
  await ada.page.keyboard.press("Escape");
  await ada.page.keyboard.press("Escape");
  await ada.until("the dialogs to close", () => document.querySelector("dialog") === null);
  assert.equal(await ada.number(), first);
  await leave(ada);
  assert.notEqual(await numberAlone(ada), first);
  assert.deepEqual(ada.errors, []);
  await ada.close();
});
