/** What the inspector is told: groups, logs, frames and lines, as the core and the browser would describe them. */
import type { InspectionView, LineSample, MediaSample } from "../../src/call/inspection.js";
import type { FramesInspection } from "../../src/generated/FramesInspection.js";
import type { GroupInspection } from "../../src/generated/GroupInspection.js";
import type { Happening } from "../../src/generated/Happening.js";
import type { Inspection } from "../../src/generated/Inspection.js";
import type { MemberInspection } from "../../src/generated/MemberInspection.js";
import type { NodeInspection } from "../../src/generated/NodeInspection.js";
import type { Source } from "../../src/generated/Source.js";
import type { LineHead, Spread, WorkerInspection } from "../../src/worker/messages.js";
import { idOf, nameOf } from "./people.js";

/** The moment that is looked at, on the session's clock. */
export const NOW = 94_500;
const EPOCH = 11;
/** First of each source, as in sframe-header.ts. */
const CONTEXT: Readonly<Record<Source, number>> = {
  microphone: 0,
  screen_audio: 1,
  camera: 2,
  screen: 5,
};

/** The client of the person with this number; ids begin with what is shown of them. */
export function clientOf(number: number): string {
  return ((number + 1) * 2_654_435_761).toString(16).slice(-8) + idOf(number, 24);
}

export function memberOf(number: number, change: Partial<MemberInspection> = {}): MemberInspection {
  return {
    client: clientOf(number),
    name: nameOf(number),
    identity: idOf(number, 64),
    leaf: number,
    own: number === 0,
    present: true,
    entered: true,
    confirmed: true,
    silent: false,
    elsewhere: false,
    rank: number,
    waits_ms: Math.min(number, 3) * 1_500,
    passed_over: false,
    ...change,
  };
}

/** So many members; `author` renewed its path last, and whoever came after it is unmerged above. */
export function groupOf(
  count: number,
  author: number | null,
  changes: Readonly<Record<number, Partial<MemberInspection>>> = {},
  work: Partial<GroupInspection["work"]> = {},
): GroupInspection {
  const slots = 2 ** Math.ceil(Math.log2(count));
  const nodes: NodeInspection[] = Array.from({ length: count }, (_, leaf) => ({
    node: 2 * leaf,
    renewed: leaf === author || leaf % 3 === 0,
    unmerged: [],
  }));
  for (let leaves = 2; author !== null && leaves <= slots; leaves *= 2) {
    const first = author - (author % leaves);
    const newest = count - 1;
    const unmerged = newest !== author && newest < first + leaves && newest >= first;
    nodes.push({
      node: 2 * first + leaves - 1,
      renewed: false,
      unmerged: unmerged && count > 4 ? [newest] : [],
    });
  }
  return {
    id: idOf(7, 32),
    epoch: EPOCH,
    began: 42,
    members: Array.from({ length: count }, (_, number) => memberOf(number, changes[number])),
    tree: { leaf_slots: slots, nodes, renewed_by: author },
    work: {
      adds: [],
      removes: [],
      unaddable: [],
      since: null,
      own_turn: null,
      rekey_due: NOW + 412_000,
      in_flight: null,
      ...work,
    },
  };
}

/** Happenings, the latest last, each some seconds after the one before. */
export function historyOf(
  happenings: readonly Happening[],
  forgotten = 0,
  stepMs = 3_700,
): Inspection["history"] {
  const first = NOW - 1_200 - (happenings.length - 1) * stepMs;
  return {
    forgotten,
    records: happenings.map((happening, index) => ({
      number: forgotten + index + 1,
      at: first + index * stepMs,
      happening,
    })),
  };
}

export const NO_FRAMES: FramesInspection = {
  sending: null,
  epochs: [],
  sealed: 0,
  unsealed: 0,
  sent: [],
  received: [],
};

/** The key id of a person's source in an epoch. */
export function keyIdOf(number: number, source: Source, epoch = EPOCH): number {
  return CONTEXT[source] * 0x10000 + number * 64 + (epoch % 64);
}

/** A line's last frame, with a key id of three bytes and a counter of two. */
export function headOf(use: LineHead["use"], number: number): LineHead {
  const key = keyIdOf(number, use.source);
  const picture = use.source === "camera" || use.source === "screen";
  return {
    use,
    head: {
      codec: picture ? "vp8" : "opus",
      frameBytes: picture ? 4_210 : 96,
      clear: picture ? [0x31, 0x04, 0x00] : [],
      header: [0xa9, key >> 16, (key >> 8) & 255, key & 255, 0x0d, 0x52],
    },
  };
}

const NEVER: Spread = { frames: 0, p50Us: 0, p95Us: 0, maxUs: 0, meanUs: 0 };
export const NO_TIMES: WorkerInspection["times"] = {
  audio: { seal: NEVER, open: NEVER },
  video: { seal: NEVER, open: NEVER },
};
export const TIMES: WorkerInspection["times"] = {
  audio: {
    seal: { frames: 512, p50Us: 9.5, p95Us: 21, maxUs: 80, meanUs: 11.2 },
    open: { frames: 512, p50Us: 8.1, p95Us: 19, maxUs: 64, meanUs: 9.9 },
  },
  video: {
    seal: { frames: 512, p50Us: 96, p95Us: 214, maxUs: 700, meanUs: 118 },
    open: { frames: 512, p50Us: 88, p95Us: 305, maxUs: 910, meanUs: 124 },
  },
};

const NO_LINE: LineSample = {
  id: "",
  at: 0,
  direction: "in",
  use: undefined,
  codec: undefined,
  bytes: 0,
  packets: 0,
  lost: undefined,
  jitterMs: undefined,
  roundTripMs: undefined,
  frames: undefined,
  width: undefined,
  height: undefined,
  keyFrames: undefined,
  pli: undefined,
  nack: undefined,
  limitedBy: undefined,
};

/** The sample with this number of one line of sound or picture; its bit rate goes up and down. */
export function lineOf(id: string, sample: number, change: Partial<LineSample>): LineSample {
  const picture = change.codec?.startsWith("video") === true;
  const perSample = picture ? 62_000 : 2_400;
  const wave = Array.from({ length: sample }, (_, n) => 1 + 0.35 * Math.sin(n / 4 + id.length));
  const bytes = wave.reduce((sum, each) => sum + each * perSample, 0);
  return {
    ...NO_LINE,
    id,
    at: sample * 500,
    bytes: Math.round(bytes),
    packets: sample * (picture ? 55 : 25),
    jitterMs: 3.2,
    ...(picture
      ? { frames: sample * 15, width: 1280, height: 720, keyFrames: 4, pli: 2, nack: 7 }
      : {}),
    ...change,
  };
}

export const NO_MEDIA: MediaSample = { lines: [], way: undefined };

/** A view with only what the story is about. */
export function viewOf(
  core: Partial<Inspection>,
  worker: Partial<WorkerInspection> = {},
  media: MediaSample = NO_MEDIA,
): InspectionView {
  return {
    media,
    worker: {
      core: {
        now: NOW,
        room: {
          client: clientOf(0),
          log_id: idOf(3, 32),
          processed: 57,
          parent: 42,
          newcomers: [],
        },
        group: null,
        history: { forgotten: 0, records: [] },
        frames: NO_FRAMES,
        losses: [],
        ...core,
      },
      frames: {
        sealed: 0,
        opened: 0,
        waitingForKey: 0,
        held: 0,
        refused: 0,
        unknownCodec: 0,
        failed: 0,
      },
      times: NO_TIMES,
      lines: [],
      ...worker,
    },
  };
}
