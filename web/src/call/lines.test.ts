import assert from "node:assert/strict";
import { test } from "node:test";
import type { RemoteTrack } from "../generated/RemoteTrack.js";
import type { Source } from "../generated/Source.js";
import { type Line, plan } from "./lines.js";

function camera(client: string): RemoteTrack {
  return { client, source: "camera", kind: "video" };
}

function microphone(client: string): RemoteTrack {
  return { client, source: "microphone", kind: "audio" };
}

function apply(lines: readonly Line[], sent: Source[], received: RemoteTrack[]): Line[] {
  const next = [...lines];
  for (const { line, to } of plan(lines, sent, received)) next[line] = to;
  return next;
}

function shown(lines: readonly Line[]): string[] {
  return lines.map(({ kind, use }) => {
    if (use === undefined) return `${kind} free`;
    return use.type === "send" ? `send ${use.source}` : `${use.client} ${use.source}`;
  });
}

test("each source and each track gets a line", () => {
  const lines = apply([], ["microphone", "camera"], [microphone("a"), camera("a")]);
  assert.deepEqual(shown(lines), ["send microphone", "send camera", "a microphone", "a camera"]);
  assert.deepEqual(plan(lines, ["microphone", "camera"], [camera("a"), microphone("a")]), []);
});

test("a line whose track vanished is kept for the next of its kind", () => {
  let lines = apply([], [], [microphone("a"), camera("a"), camera("b")]);
  lines = apply(lines, [], [camera("b")]);
  assert.deepEqual(shown(lines), ["audio free", "video free", "b camera"]);
  lines = apply(lines, [], [camera("b"), camera("c"), camera("d")]);
  assert.deepEqual(shown(lines), ["audio free", "c camera", "b camera", "d camera"]);
});

test("one goes as another comes: one change, no line more", () => {
  const lines = apply([], [], [camera("a")]);
  const changes = plan(lines, [], [camera("b")]);
  assert.equal(changes.length, 1);
  assert.deepEqual(shown(apply(lines, [], [camera("b")])), ["b camera"]);
});

test("a camera that comes back takes its own line, and nobody else's receiving one", () => {
  let lines = apply([], ["camera"], [camera("a")]);
  lines = apply(lines, [], []);
  assert.deepEqual(shown(lines), ["video free", "video free"]);
  lines = apply(lines, ["camera"], []);
  assert.deepEqual(shown(lines), ["send camera", "video free"]);
});

test("a screen never takes the line of a camera, whose transform and key it has", () => {
  let lines = apply([], ["camera"], []);
  lines = apply(lines, ["screen"], []);
  assert.deepEqual(shown(lines), ["video free", "send screen"]);
  lines = apply(lines, ["screen", "camera"], []);
  assert.deepEqual(shown(lines), ["send camera", "send screen"]);
  lines = apply(lines, [], [camera("a")]);
  assert.deepEqual(shown(lines), ["video free", "video free", "a camera"]);
});

test("any walk ends with exactly what was wanted", () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  let lines: Line[] = [];
  for (let step = 0; step < 500; step++) {
    const sent = (["microphone", "camera", "screen"] as const).filter(() => random(2) === 0);
    const received = ["a", "b", "c", "d"]
      .flatMap(client => [camera(client), microphone(client)])
      .filter(() => random(2) === 0);
    const before = lines;
    lines = apply(lines, sent, received);
    const got = shown(lines).filter(line => !line.endsWith("free"));
    const wanted = [
      ...sent.map(source => `send ${source}`),
      ...received.map(({ client, source }) => `${client} ${source}`),
    ];
    assert.deepEqual(got.sort(), wanted.sort());
    before.forEach((line, index) => {
      assert.equal(lines[index]?.kind, line.kind);
      assert.equal(lines[index]?.direction, line.direction);
      assert.equal(lines[index]?.source, line.source);
    });
  }
  assert.equal(lines.length <= 11, true, `${lines.length} lines`);
});
