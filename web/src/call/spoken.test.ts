import assert from "node:assert/strict";
import { test } from "node:test";
import { Observable } from "./observable.js";
import type { Voice } from "./own-voice.js";
import { Spoken, levelOf } from "./spoken.js";

const TRACK = {} as MediaStreamTrack;

function world() {
  const view = new Observable<Voice>({ level: 0, speaking: false });
  const heard: (MediaStreamTrack | undefined)[] = [];
  const voice = {
    view,
    listen: (track: MediaStreamTrack | undefined) => void heard.push(track),
    stop: () => void heard.push(undefined),
  };
  const told: number[] = [];
  const spoken = new Spoken(level => told.push(level), voice);
  return { view, heard, told, spoken };
}

test("the loudest is told, again and again while somebody speaks", () => {
  const { view, heard, told, spoken } = world();
  view.set({ level: 0.9, speaking: false });
  spoken.listen(TRACK);
  spoken.round();
  view.set({ level: 1, speaking: true });
  view.set({ level: 0.2, speaking: true });
  for (let round = 0; round < 3; round++) spoken.round();
  assert.deepEqual(told, [9, 2, 2], "noise is not speech");
  view.set({ level: 0.2, speaking: false });
  spoken.round();
  assert.deepEqual(told, [9, 2, 2], "silence is not told");
  assert.deepEqual(heard, [TRACK]);
  spoken.stop();
});

test("a muted microphone is not listened to", () => {
  const { view, heard, told, spoken } = world();
  spoken.listen(TRACK);
  view.set({ level: 1, speaking: true });
  view.set({ level: 0, speaking: false });
  spoken.listen(undefined);
  assert.deepEqual(heard, [TRACK, undefined]);
  spoken.round();
  assert.deepEqual(told, []);
});

test("levels go from 1 to 9", () => {
  assert.deepEqual([0.01, 0.5, 0.95, 1].map(levelOf), [1, 5, 9, 9]);
});
