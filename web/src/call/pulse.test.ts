import assert from "node:assert/strict";
import { test } from "node:test";
import type { WorkerStats } from "../worker/messages.js";
import type { LineStats } from "./media-stats.js";
import { type Beat, NO_BEAT, Pulse } from "./pulse.js";

interface Receiver {
  readonly client: string;
  readonly source?: string;
  readonly opened: number;
  readonly dropped?: readonly (readonly [string, number])[];
}

/** The core is asked once in so many rounds. */
const ROUNDS = 4;

/** Plays what the core counts, one answer after another. Whose frames cannot be opened after each, and why. */
async function unreadable(...answers: readonly (readonly Receiver[] | undefined)[]) {
  let receivers: readonly Receiver[] | undefined;
  let beat: Beat = NO_BEAT;
  const core = () => ({ receivers: receivers?.map(one => ({ ...USUAL, ...one })) });
  const pulse = new Pulse(
    {
      lines: () => Promise.resolve([]),
      worker: () => Promise.resolve({ core: core() } as unknown as WorkerStats),
    },
    told => (beat = told),
    () => 0,
  );
  const found: object[] = [];
  for (const answer of answers) {
    receivers = answer;
    for (let round = 0; round < ROUNDS; round++) await pulse.round();
    found.push(Object.fromEntries(beat.unreadable));
  }
  pulse.stop();
  return found;
}

const USUAL = { source: "camera", dropped: [] };

test("whose frames come and cannot be opened is told with the reason, until one is opened", async () => {
  const found = await unreadable(
    [{ client: "ada", opened: 10 }],
    [{ client: "ada", opened: 10, dropped: [["forged", 3]] }],
    [{ client: "ada", opened: 10, dropped: [["forged", 8]] }],
    [{ client: "ada", opened: 11, dropped: [["forged", 9]] }],
  );
  assert.deepEqual(found, [{}, { ada: "forged" }, { ada: "forged" }, {}]);
});

test("who sends nothing is not unreadable, nor who is new, nor whose line counts from 0 again", async () => {
  const damaged = [["malformed", 5]] as const;
  const found = await unreadable(
    [{ client: "ada", opened: 10, dropped: damaged }],
    [{ client: "ada", opened: 10, dropped: damaged }],
    [
      { client: "ada", opened: 0, dropped: [["malformed", 6]] },
      { client: "grace", opened: 0, dropped: damaged },
    ],
  );
  assert.deepEqual(found, [{}, {}, {}]);
});

test("one line that cannot be opened is enough, and says nothing of others", async () => {
  const found = await unreadable(
    [
      { client: "ada", opened: 1 },
      { client: "ada", source: "microphone", opened: 1 },
      { client: "grace", opened: 1 },
    ],
    [
      { client: "ada", opened: 1, dropped: [["no_key", 1]] },
      { client: "ada", source: "microphone", opened: 9 },
      { client: "grace", opened: 2, dropped: [["replayed", 1]] },
    ],
  );
  assert.deepEqual(found, [{}, { ada: "no_key" }]);
});

test("counters that are not what they should be accuse nobody", async () => {
  assert.deepEqual(await unreadable(undefined, [{ client: "ada", opened: 1 }], undefined), [
    {},
    {},
    {},
  ]);
});

test("a camera that gives no new picture stands still, and a microphone alone does not", async () => {
  const line = (client: string, source: "camera" | "microphone", frames: number): LineStats => ({
    ...LINE,
    use: { type: "receive", client, source },
    frames,
  });
  let lines: LineStats[] = [];
  let beat: Beat = NO_BEAT;
  const pulse = new Pulse(
    { lines: () => Promise.resolve(lines), worker: () => Promise.resolve(undefined) },
    told => (beat = told),
    () => 0,
  );
  for (let round = 0; round < 20; round++) {
    lines = [
      line("ada", "camera", round),
      line("grace", "camera", 7),
      line("grace", "microphone", 0),
      line("heidi", "microphone", 0),
    ];
    if (round === 3) assert.deepEqual([...beat.still], [], "too soon to say");
    await pulse.round();
  }
  pulse.stop();
  assert.deepEqual([...beat.still], ["grace"]);
});

const LINE: LineStats = {
  mid: "1",
  direction: "in",
  use: undefined,
  rid: undefined,
  paused: false,
  codec: undefined,
  packets: 0,
  packetsLost: 0,
  bytes: 0,
  frames: 0,
  keyFrames: 0,
  codingSeconds: 0,
  width: 0,
  height: 0,
  audioEnergy: 0,
  roundTripSeconds: undefined,
};
