/** Who is in the group, and how far this device knows them. */
import type { Person } from "../generated/Person.js";
import type { Waiting } from "../generated/Waiting.js";
import { LastTime } from "./last-time.js";
import type { Marks } from "./marks.js";
import type { Observable } from "./observable.js";
import { personViews } from "./person-views.js";
import type { Beat } from "./pulse.js";
import { type Trust, judge } from "./trust.js";
import type { CallView, PersonView } from "./view.js";

export class GroupPeople {
  private people: readonly Person[] = [];
  private waiting: readonly Waiting[] = [];
  private trust: ReadonlyMap<string, Trust> = new Map();
  private readonly lastTime: LastTime;

  constructor(
    private readonly view: Observable<CallView>,
    private readonly marks: Marks,
    /** The room's path. */
    room: string,
  ) {
    this.lastTime = new LastTime(room);
  }

  get all(): readonly Person[] {
    return this.people;
  }

  /** The members from now on, and their safety number. */
  are(people: readonly Person[], safetyNumber: string): void {
    this.people = people;
    this.view.patch({ safetyNumber: safetyNumber.split(" ") });
    this.marks.meet(people);
    this.view.patch({ sinceLastTime: this.lastTime.compare(people) });
    this.judge();
  }

  /** The group is gone, and with it everything that was known of the others for certain. */
  areGone(): void {
    this.people = this.people.map(person => ({ ...person, present: person.own }));
    this.view.patch({ safetyNumber: undefined });
    const { state } = this.view.get().emoji;
    // Nobody should read emoji aloud that belong to a group that is gone.
    if (state !== "idle" && state !== "failed") {
      this.view.patch({ emoji: { state: "failed", reason: { type: "reconnected" } } });
    }
  }

  /** Who waits to be let in. They are not remembered before they are in the call. */
  wait(waiting: readonly Waiting[]): void {
    this.waiting = waiting;
    this.judgeWaiting();
  }

  /** Anew, as marks are others now. */
  judge(): void {
    this.trust = judge(this.people, this.marks.before, this.marks.view.get());
    this.view.patch({ marksLast: this.marks.lasting });
    this.judgeWaiting();
  }

  private judgeWaiting(): void {
    // Each has signed with its key; whether it does so in the group shows there.
    const claims = this.waiting.map(one => ({ ...one, own: false, confirmed: true }));
    const trust = judge([...this.people, ...claims], this.marks.before, this.marks.view.get());
    const ofWaiting = this.waiting.flatMap(({ client }) => {
      const found = trust.get(client);
      return found === undefined ? [] : [[client, found] as const];
    });
    this.view.patch({ waitingTrust: new Map(ofWaiting) });
  }

  /** Forgets everyone that this device has met. */
  forget(): void {
    this.marks.forget();
    this.lastTime.forget();
    this.view.patch({ sinceLastTime: undefined });
  }

  views(
    streams: Parameters<typeof personViews>[2],
    beat: Beat,
    noRoomFor: ReadonlySet<string>,
  ): readonly PersonView[] {
    return personViews(this.people, this.trust, streams, beat, noRoomFor);
  }
}
