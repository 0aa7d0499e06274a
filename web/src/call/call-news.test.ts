import assert from "node:assert/strict";
import { test } from "node:test";
import type { Person } from "../generated/Person.js";
import { consoleDuring } from "../test/console.js";
import { CallNews } from "./call-news.js";
import { Observable } from "./observable.js";
import { type CallView, NOT_YET } from "./view.js";

const person = (name: string) => ({ name, identity: name, own: false, present: true }) as Person;

test("what is told as words is in the console as structure, without names", async () => {
  const view = new Observable<CallView>(NOT_YET);
  const news = new CallNews(view);
  const alarm = "Ada sent everyone new keys that this device cannot use.";
  const { warnings } = await consoleDuring(() => {
    news.announce([person("Ada"), person("Grace")]);
    news.notice("The server reports: Grace is too fast");
    news.alarm(alarm);
    news.ended({ type: "ended", text: "The host has ended the call for everyone." });
    news.ended({ type: "left" });
  });
  assert.deepEqual(
    warnings.map(([, details]) => details),
    [
      { what: "notice", message: "The server reports: … is too fast" },
      { what: "alarm", message: "… sent everyone new keys that this device cannot use." },
      { what: "call-ended", message: "The host has ended the call for everyone." },
    ],
  );
  assert.deepEqual(view.get().alarms, [{ id: 1, text: alarm }]);
});
