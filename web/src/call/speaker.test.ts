import assert from "node:assert/strict";
import { test } from "node:test";
import { consoleDuring } from "../test/console.js";
import { Speaker, speakerInUse } from "./speaker.js";

class CanChoose {
  setSinkId(): void {}
}

/** A browser in which `ask` is its own list of speakers, if it has one. */
function browser(ask?: () => Promise<unknown>) {
  Object.defineProperty(globalThis, "HTMLMediaElement", { value: CanChoose, configurable: true });
  Object.defineProperty(globalThis, "navigator", {
    value: { mediaDevices: ask === undefined ? {} : { selectAudioOutput: ask } },
    configurable: true,
  });
}

const outputs = (...names: string[]) =>
  names.map(name => ({ kind: "audiooutput", deviceId: name, label: name }) as MediaDeviceInfo);

test("a speaker that is pulled out is not played through, and is again when it is back", () => {
  browser();
  const speaker = new Speaker();
  const used = () => speakerInUse(speaker.view.get());
  speaker.found(outputs("desk", "headset"));
  assert.equal(used(), "");
  speaker.choose("headset");
  assert.equal(used(), "headset");
  speaker.found(outputs("desk"));
  assert.deepEqual([used(), speaker.view.get().lost], ["", 1]);
  speaker.found(outputs("desk"));
  assert.equal(speaker.view.get().lost, 1, "told once");
  speaker.found(outputs("desk", "headset"));
  assert.equal(used(), "headset");
});

test("a speaker of an earlier call that is not there was not pulled out", () => {
  browser();
  const speaker = new Speaker();
  speaker.choose("headset");
  assert.equal(speakerInUse(speaker.view.get()), "", "before anything is known");
  speaker.found(outputs("desk"));
  assert.deepEqual([speakerInUse(speaker.view.get()), speaker.view.get().lost], ["", 0]);
});

test("where the browser asks, its answer is used", async () => {
  browser(() => Promise.resolve(outputs("headset")[0]));
  const speaker = new Speaker();
  speaker.found([]);
  assert.equal(speaker.view.get().asks, true);
  await speaker.ask();
  assert.equal(speakerInUse(speaker.view.get()), "headset");
});

test("a person who changes their mind keeps what was chosen, and the console has why", async () => {
  browser(() => Promise.reject(new DOMException("no", "NotAllowedError")));
  const speaker = new Speaker();
  speaker.found(outputs("desk"));
  speaker.choose("desk");
  const { warnings } = await consoleDuring(() => speaker.ask());
  assert.equal(speakerInUse(speaker.view.get()), "desk");
  assert.deepEqual(warnings, [
    ["tangelo", { what: "speaker-not-chosen", error: "NotAllowedError", message: "no" }],
  ]);
});
