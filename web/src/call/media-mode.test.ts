import assert from "node:assert/strict";
import { test } from "node:test";
import type { RemoteTrack } from "../generated/RemoteTrack.js";
import { receivedIn } from "./media-mode.js";

const tracks: RemoteTrack[] = ["ada", "grace"].flatMap(client => [
  { client, source: "microphone", kind: "audio" },
  { client, source: "camera", kind: "video" },
  { client, source: "screen", kind: "video" },
]);
const cameras = (received: readonly RemoteTrack[]) =>
  received.filter(({ source }) => source === "camera").map(({ client }) => client);

test("savers get one camera, listeners none, and everybody all sound and screens", () => {
  assert.deepEqual(receivedIn("full", tracks, undefined), tracks);
  assert.deepEqual(cameras(receivedIn("saver", tracks, "grace")), ["grace"]);
  assert.deepEqual(cameras(receivedIn("saver", tracks, undefined)), []);
  assert.deepEqual(cameras(receivedIn("audio", tracks, "grace")), []);
  assert.equal(receivedIn("audio", tracks, undefined).length, 4);
});
