/** What happens in a call and is told once: who came and left, reactions, notices, alarms. Each has a number of its own. */
import type { Person } from "../generated/Person.js";
import { report, withoutNames } from "../report.js";
import type { CallEvent } from "../worker/messages.js";
import { Comings } from "./comings.js";
import type { Observable } from "./observable.js";
import type { CallView, Ended } from "./view.js";

/** So many alarms are kept: more would cover the call, and they all ask for the same. */
const ALARMS_MAX = 4;
/** How long a reaction is shown. */
const REACTION_MS = 5_000;
const REACTIONS_MAX = 30;

export class CallNews {
  private readonly comings = new Comings();
  private news = 0;
  private reactions = 0;
  private notices = 0;
  private alarms = 0;
  /** Of everyone who was in the call: the core's sentences may have them. */
  private readonly names = new Set<string>();

  constructor(private readonly view: Observable<CallView>) {}

  /** Who has come and who has left by now. */
  announce(people: readonly Person[]): void {
    for (const { name } of people) this.names.add(name);
    const { joined, left } = this.comings.update(people, performance.now());
    if (joined.length + left.length === 0) return;
    this.view.patch({ news: { id: ++this.news, joined, left } });
  }

  reaction({ client, name, emoji }: CallEvent & { type: "reaction" }): void {
    const id = ++this.reactions;
    const { reactions } = this.view.get();
    this.view.patch({
      reactions: [...reactions, { id, client, name, emoji }].slice(-REACTIONS_MAX),
    });
    setTimeout(() => {
      const kept = this.view.get().reactions.filter(reaction => reaction.id !== id);
      this.view.patch({ reactions: kept });
    }, REACTION_MS);
  }

  notice(text: string): void {
    report("notice", { message: withoutNames(text, this.names) });
    this.view.patch({ notice: { id: ++this.notices, text } });
  }

  alarm(text: string): void {
    const { alarms } = this.view.get();
    report("alarm", { message: withoutNames(text, this.names) });
    if (alarms.at(-1)?.text === text) return;
    const kept = [...alarms, { id: ++this.alarms, text }].slice(-ALARMS_MAX);
    this.view.patch({ alarms: kept });
  }

  ended(ended: Ended): void {
    if (ended.type === "left") return;
    const reason = ended.type === "failed" ? ended.reason : undefined;
    report("call-ended", { reason, message: withoutNames(ended.text, this.names) });
  }

  dismissAlarm(id: number): void {
    this.view.patch({ alarms: this.view.get().alarms.filter(alarm => alarm.id !== id) });
  }
}
