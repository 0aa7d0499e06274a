import assert from "node:assert/strict";
import { test } from "node:test";
import type { Person } from "../generated/Person.js";
import { personViews } from "./person-views.js";
import { NO_BEAT } from "./pulse.js";

const grace: Person = {
  client: "b",
  name: "Grace",
  identity: "b".repeat(64),
  leaf: 1,
  own: false,
  confirmed: true,
  present: true,
  lost: false,
  host: false,
  silent: false,
  elsewhere: false,
  state: { hand_raised: false, microphone: true, camera: true, recording: false },
  hand_order: null,
};
const camera = { client: "b", source: "camera", stream: {} as MediaStream } as const;

/** Whether Grace counts as lost when nothing comes of her, in this state and with these streams. */
function lost(
  person: Partial<Person>,
  streams: readonly (typeof camera)[],
  reason?: "nothing" | "loss",
  still: readonly string[] = [],
) {
  const quality = new Map(reason && [["b", { level: "poor", reason } as const]]);
  const beat = { ...NO_BEAT, quality, still: new Set(still) };
  const people = [{ ...grace, ...person }];
  return personViews(people, new Map(), streams, beat, new Set())[0]?.lost;
}

test("a face that stands still is one that is cut off, whatever the server says", () => {
  assert.equal(lost({}, [camera]), false);
  assert.equal(lost({}, [camera], "nothing"), true);
  assert.equal(lost({ lost: true }, [camera]), true);
});

test("the server's word alone hides no living face", () => {
  assert.equal(lost({ lost: true }, [camera], "loss"), false);
  assert.equal(lost({ lost: true }, [camera], "nothing"), true);
  assert.equal(
    lost({ lost: true }, [camera], "loss", ["b"]),
    true,
    "sound comes, the picture stands",
  );
  assert.equal(lost({}, [camera], "loss", ["b"]), false, "its own network may be to blame");
});

test("who sends no picture may be silent", () => {
  assert.equal(lost({}, [], "nothing"), false);
  assert.equal(lost({ state: { ...grace.state!, camera: false } }, [camera], "nothing"), false);
});
