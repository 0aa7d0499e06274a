/** Who speaks, measured from the sound that was decoded here: nothing about it is sent. Pure. */

/** Mean square of samples between -1 and 1: quiet speech is above, a quiet room below. */
const SPEECH_POWER = 0.00006;
/** Somebody who paused is still speaking for so long. */
const HOLD_MS = 1_200;

interface Ear {
  readonly energy: number;
  readonly at: number;
  /** When speech was heard last. */
  readonly heard: number | undefined;
}

export class Speaking {
  private ears = new Map<string, Ear>();

  /** Takes the energy that was heard of each so far (sum of squares times seconds), at this time in milliseconds. */
  update(energies: ReadonlyMap<string, number>, now: number): void {
    const next = new Map<string, Ear>();
    for (const [client, energy] of energies) {
      const ear = this.ears.get(client);
      const seconds = ear === undefined ? 0 : (now - ear.at) / 1_000;
      const power = ear === undefined || seconds <= 0 ? 0 : (energy - ear.energy) / seconds;
      const heard = power > SPEECH_POWER ? now : ear?.heard;
      next.set(client, { energy, at: now, heard });
    }
    this.ears = next;
  }

  /** Who speaks, or has just spoken. */
  now(now: number): ReadonlySet<string> {
    const speaking = [...this.ears].filter(
      ([, { heard }]) => heard !== undefined && now - heard <= HOLD_MS,
    );
    return new Set(speaking.map(([client]) => client));
  }

  /** When each was last heard to speak. */
  lastHeard(): ReadonlyMap<string, number> {
    const heard = [...this.ears].flatMap(([client, { heard }]) =>
      heard === undefined ? [] : [[client, heard] as const],
    );
    return new Map(heard);
  }
}
