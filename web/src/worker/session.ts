/** Runs the sans-IO core: gives it time, messages and commands, and does what it asks for. */
import type { Core } from "../generated/wasm/tangelo_call.js";
import { base64Decode } from "./base64.js";
import type { Identity } from "./identity.js";
import type { CallEvent, Command } from "./messages.js";

/** What the core asks for, see `Core.poll`. */
type Output =
  | { type: "connect" }
  | { type: "close" }
  | { type: "send"; text: string }
  | { type: "sign_identity"; payload: string }
  | { type: "event"; event: CallEvent };

export interface SessionOwner {
  event(event: CallEvent): void;
  /** Held frames may be let go of. */
  settled(): void;
  /** The core threw: the session is over. */
  broke(error: unknown): void;
  /** The connection is closed for good. */
  closed(): void;
}

/** setTimeout takes no longer delay. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export class Session {
  private socket: WebSocket | undefined;
  /** Closed by the core's wish, with messages perhaps still on their way out. */
  private closing: WebSocket | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private over = false;
  private leaving = false;

  constructor(
    private readonly core: Core,
    private readonly identity: Identity,
    private readonly socketUrl: string,
    private readonly owner: SessionOwner,
  ) {}

  command(command: Command): void {
    if (command.type === "leave") this.leaving = true;
    this.turn(now => this.core.command(now, JSON.stringify(command)));
    this.closedIfLeft();
  }

  /** Does what the core has to say by now, and sets the timer anew. */
  settle(): void {
    this.turn(() => undefined);
  }

  private turn(act: (nowMs: number) => void): void {
    if (this.over) return;
    try {
      act(performance.now());
      for (let output = this.core.poll(); output !== undefined; output = this.core.poll()) {
        this.perform(JSON.parse(output) as Output);
      }
      this.arm();
    } catch (error) {
      this.end();
      this.owner.broke(error);
      return;
    }
    this.owner.settled();
  }

  private perform(output: Output): void {
    switch (output.type) {
      case "connect":
        return this.connect();
      case "close":
        return this.closeSocket();
      case "send":
        if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(output.text);
        return;
      case "sign_identity":
        void this.sign(output.payload);
        return;
      case "event":
        return this.owner.event(output.event);
    }
  }

  private connect(): void {
    const socket = new WebSocket(this.socketUrl);
    const old = this.socket;
    this.socket = socket;
    old?.close();
    // Events of a socket that is no longer the session's own are nobody's business.
    const ifCurrent = (act: (nowMs: number) => void) => {
      if (this.socket === socket) this.turn(act);
    };
    socket.onopen = () => ifCurrent(now => this.core.connected(now));
    socket.onmessage = message => {
      const text: unknown = message.data;
      if (typeof text === "string") ifCurrent(now => this.core.receive(now, text));
    };
    socket.onclose = () =>
      ifCurrent(now => {
        this.socket = undefined;
        this.core.disconnected(now);
        this.closedIfLeft();
      });
  }

  /** Closes as the core asked: what was sent still goes out, and no `disconnected` follows. */
  private closeSocket(): void {
    const socket = this.socket;
    this.socket = undefined;
    if (socket === undefined) return;
    this.closing = socket;
    socket.onclose = () => {
      if (this.closing === socket) this.closing = undefined;
      this.closedIfLeft();
    };
    socket.close();
  }

  private closedIfLeft(): void {
    if (this.leaving && this.socket === undefined && this.closing === undefined) {
      this.owner.closed();
    }
  }

  private async sign(payload: string): Promise<void> {
    try {
      const signature = await this.identity.sign(base64Decode(payload));
      this.turn(now => this.core.identity_signed(now, signature));
    } catch (error) {
      this.end();
      this.owner.broke(error);
    }
  }

  private arm(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const at = this.core.next_timeout();
    if (at === undefined) return;
    const delay = Math.min(Math.max(0, Math.ceil(at - performance.now())), TIMER_MAX_MS);
    this.timer = setTimeout(() => this.turn(now => this.core.handle_timeout(now)), delay);
  }

  end(): void {
    this.over = true;
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = undefined;
    socket?.close();
  }
}
