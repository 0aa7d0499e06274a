// The worker holds the secrets. What it really says to its page in a call is of the types in worker/messages.ts, and
// none of it is the resume token or the key that lets people into the room.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "./lib/browser.mjs";
import { Person } from "./lib/person.mjs";
import { DEADLINE } from "../stories/lib/until.mjs";
import { Server } from "./lib/server.mjs";
import { noteWorkers, posted } from "./lib/workers.mjs";

const web = fileURLToPath(new URL("..", import.meta.url));
let server, browser, folder;
before(async () => {
  server = await Server.start();
  browser = await chromium();
  folder = await mkdtemp(join(tmpdir(), "tangelo-messages-"));
});
after(async () => {
  await browser?.close();
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

test("what the worker says to the page has the types that are written down, and no secret in it", async () => {
  const ada = await Person.open(browser, server.url, noteWorkers);
  await ada.click("New call");
  await ada.page.waitForSelector("aria/Your name");
  const link = ada.page.url();
  const grace = await Person.open(browser, link, noteWorkers);
  const two = [ada, grace];
  const sockets = await Promise.all(two.map(listen));
  await ada.joinCall("Ada");
  await grace.joinCall("Grace");
  await Promise.all(two.map(person => person.hearsAndSees(1)));
  const number = await ada.number();
  await ada.openVerify();
  await ada.click("Compare emoji");
  await ada.page.waitForSelector("[data-testid=emoji]");
  await ada.page.keyboard.press("Escape");
  await ada.page.keyboard.press("i");
  await ada.page.waitForSelector("dialog.inspector [data-testid=epoch]");
  await ada.page.keyboard.press("i");
  await ada.click("Microphone");
  await grace.click("Leave call");
  await ada.until("Grace to be gone", () => document.querySelectorAll("li.tile").length === 1);
  await ada.click("Leave call");

  const [, linkSecret] = link.split("#");
  for (const [index, person] of two.entries()) {
    const messages = await said(person, number);
    assert.deepEqual(await typeErrors(messages), []);
    const { client, ...secrets } = sockets[index]();
    assert.ok(telling(messages, client).length > 0, "what is said is found");
    for (const [name, secret] of Object.entries(secrets)) {
      assert.deepEqual(telling(messages, secret), [], name);
    }
    const withLink = telling(messages, Buffer.from(linkSecret)).map(({ type }) => type);
    assert.deepEqual(withLink, person === ada ? ["room_made"] : []);
    assert.deepEqual(person.errors, []);
    await person.close();
  }
});

test("a field that is not written down would be noticed", async () => {
  const phase = { type: "event", event: { type: "phase", phase: "inside" } };
  assert.deepEqual(await typeErrors([phase]), []);
  for (const odd of [
    { ...phase, key: "00" },
    { type: "event", event: { ...phase.event, key: "00" } },
    { type: "keys" },
    { type: "pong", notJson: "[object ArrayBuffer]" },
    { ports: 1 },
  ]) {
    assert.notEqual((await typeErrors([odd])).length, 0, JSON.stringify(odd));
  }
});

/** All that a person's workers said, as soon as the last one has said goodbye. */
async function said(person, number) {
  const end = Date.now() + DEADLINE;
  for (;;) {
    const messages = await posted(person);
    if (messages.some(({ type }) => type === "closed")) {
      const events = messages.flatMap(({ event }) => (event === undefined ? [] : [event]));
      const types = new Set(events.map(({ type }) => type));
      for (const type of ["phase", "roster", "tracks", "answer", "emoji"])
        assert.ok(types.has(type));
      assert.ok(events.some(event => event.safety_number === number));
      return messages;
    }
    assert.ok(Date.now() < end, "no goodbye");
    await new Promise(resolve => setTimeout(resolve, 250));
  }
}

/** Listens to the WebSocket of a person's worker. Returns what gives the secrets that have crossed it. */
async function listen(person) {
  const { client } = await person.worker();
  const texts = [];
  const note = ({ response }) => texts.push(response.payloadData);
  client.on("Network.webSocketFrameReceived", note);
  client.on("Network.webSocketFrameSent", note);
  await client.send("Network.enable");
  return () => {
    const messages = texts.map(text => JSON.parse(text));
    const of = type => messages.find(message => message.type === type);
    const { client } = of("assigned");
    const { token } = of("snapshot");
    const { access_key: accessKey } = of("arrive").admission;
    assert.match(token, /^[0-9a-f]{64}$/);
    assert.match(accessKey, /^[A-Za-z0-9+/]{43}$/);
    return {
      client: Buffer.from(client, "hex"),
      token: Buffer.from(token, "hex"),
      accessKey: Buffer.from(accessKey, "base64"),
    };
  };
}

/** The messages that hold these bytes, in one of the ways in which bytes stand in a text. */
function telling(messages, bytes) {
  const forms = [
    bytes.toString("latin1"),
    bytes.toString("hex"),
    bytes.toString("base64url"),
    bytes.toString("base64").replace(/=+$/, ""),
    [...bytes].join(),
  ].map(form => form.toLowerCase());
  return messages.filter(message => {
    const text = JSON.stringify(message).toLowerCase();
    return forms.some(form => text.includes(form));
  });
}

/** What TypeScript says to these messages, taken literally: fields that a type does not have are errors. */
async function typeErrors(messages) {
  const file = join(folder, "said.ts");
  await writeFile(
    file,
    `import type { FromWorker } from ${JSON.stringify(join(web, "src/worker/messages.js"))};
export const said: FromWorker[] = [
${messages.map(message => `${JSON.stringify(message)},`).join("\n")}
];
`,
  );
  const options = "--ignoreConfig --noEmit --strict --module esnext --moduleResolution bundler";
  const run = spawnSync(
    process.execPath,
    [join(web, "node_modules/typescript/bin/tsc"), ...options.split(" "), "--types", "", file],
    { encoding: "utf8" },
  );
  assert.equal(run.status === 0, run.stdout === "", run.stderr);
  return run.stdout.split("\n").filter(line => line !== "");
}
