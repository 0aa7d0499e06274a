/** A core for tests of the frame pumps: "encrypts" by adding a first byte, and takes memory as WASM does. */
import type { FrameCore } from "../worker/frame-crypto.js";

const SCRATCH = 64;
const OUTPUT = 4096;
export const MARK = 0xa5;

export class FakeCore implements FrameCore {
  memory = { buffer: new ArrayBuffer(8192) };
  keyed = true;
  throwing = false;
  /** Tickets to hold when they come for the first time. */
  hold = new Set<number>();
  /** Tickets to let go of, in this order. */
  free: number[] = [];
  /** By source and layer; a handle is the place in it. */
  sendersMade: [source: string, layer: number][] = [];
  /** The handles of what was sealed. */
  sealedBy: number[] = [];
  receiversClosed = 0;

  sender(source: string, layer?: number | null): number {
    const made = this.sendersMade.findIndex(([name, of]) => name === source && of === layer);
    return made >= 0 ? made : this.sendersMade.push([source, layer ?? 0]) - 1;
  }

  receiver(): number {
    return 9;
  }

  close_receiver(): void {
    this.receiversClosed++;
  }

  /** Grows the memory, as WASM may in any call: the old buffer is detached. */
  scratch(): number {
    const { buffer } = this.memory;
    this.memory.buffer = structuredClone(buffer, { transfer: [buffer] });
    return SCRATCH;
  }

  output(): number {
    return OUTPUT;
  }

  seal(_now: number, sender: number, _codec: string, length: number): number {
    if (this.throwing) throw new Error("boom");
    if (!this.keyed) return -1;
    this.sealedBy.push(sender);
    const frame = new Uint8Array(this.memory.buffer, SCRATCH, length).slice();
    this.scratch();
    const out = new Uint8Array(this.memory.buffer, OUTPUT, length + 1);
    out[0] = MARK;
    out.set(frame, 1);
    return length + 1;
  }

  open(_now: number, _receiver: number, ticket: number, codec: string, length: number): number {
    if (this.throwing) throw new Error("boom");
    if (this.hold.delete(ticket)) return -1;
    const frame = new Uint8Array(this.memory.buffer, SCRATCH, length).slice();
    if (frame[0] !== MARK) return codec === "vp8" ? -3 : -2;
    new Uint8Array(this.memory.buffer, OUTPUT, length - 1).set(frame.subarray(1));
    return length - 1;
  }

  released(): number {
    return this.free.shift() ?? -1;
  }
}
