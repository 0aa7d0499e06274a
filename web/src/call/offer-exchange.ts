/** One offer at a time on its way to the server, and what came of it. */
import type { MediaLine } from "../generated/MediaLine.js";

/** What goes to the server. Sent again under another number it is the same offer. */
export interface Offer {
  readonly sdp: string;
  readonly lines: MediaLine[];
}

export type Reply =
  | { readonly type: "answer"; readonly sdp: string }
  | { readonly type: "refused"; readonly text: string }
  /** No answer in time: the server may have taken the offer, or not. */
  | { readonly type: "lost" }
  /** As `lost`, but known at once: the way to the server broke, or nobody waits any more. */
  | { readonly type: "interrupted" };

export class OfferExchange {
  private waiting: { number: number; reply: (reply: Reply) => void } | undefined;

  constructor(
    private readonly send: (number: number, offer: Offer) => void,
    private readonly nextNumber: () => number,
    private readonly answerWaitMs: number,
  ) {}

  /** Sends the offer under a new number; replies to earlier numbers are not heard any more. */
  ask(offer: Offer): Promise<Reply> {
    return new Promise<Reply>(resolve => {
      const number = this.nextNumber();
      const reply = (reply: Reply) => {
        clearTimeout(timer);
        this.waiting = undefined;
        resolve(reply);
      };
      const timer = setTimeout(() => reply({ type: "lost" }), this.answerWaitMs);
      this.waiting = { number, reply };
      this.send(number, offer);
    });
  }

  heard(number: number, reply: Reply): void {
    if (this.waiting?.number === number) this.waiting.reply(reply);
  }

  interrupt(): void {
    this.waiting?.reply({ type: "interrupted" });
  }
}
