// Two people in a call: two cores of the shipped WASM, and the DeliveryService of the bench's own WASM between them.
// The only place here that drives a core.

const HOST = "call.example";
/** Later than every switch of keys. */
const LATER_MS = 5000;

/** Joins two cores in one room. `core` and `measurements` are the WASM's JavaScript modules. */
export function pair(core, measurements) {
  const call = new Call(core, measurements);
  call.join();
  return call;
}

class Call {
  /** Time passes for the cores as the call says, and is ahead of the browser's. */
  ahead = 0;

  constructor(core, measurements) {
    this.measurements = measurements;
    this.relay = new measurements.Relay();
    const { path } = JSON.parse(core.new_room());
    this.people = [1, 2].map(person => ({
      person,
      connection: undefined,
      inside: false,
      core: new core.Core(path, HOST, `Person ${person}`, measurements.identity_key(person)),
    }));
  }

  nowMs() {
    return performance.now() + this.ahead;
  }

  join() {
    for (let tries = 0; tries < 100 && !this.people.every(one => one.inside); tries++) {
      this.ahead += 100;
      for (const one of this.people) {
        one.core.handle_timeout(this.nowMs());
        this.settle(one);
      }
    }
    if (!this.people.every(one => one.inside)) throw new Error("two cores did not get into a call");
    for (const one of this.people) one.client = JSON.parse(one.core.stats()).client;
    this.ahead += LATER_MS;
  }

  /** Carries out what a core asks for, and what follows from it. */
  settle(one) {
    for (let text = one.core.poll(); text !== undefined; text = one.core.poll()) {
      this.perform(one, JSON.parse(text));
    }
    for (let text = this.relay.poll(); text !== undefined; text = this.relay.poll()) {
      const { to, text: message } = JSON.parse(text);
      const other = this.people.find(person => person.connection === to);
      other.core.receive(this.nowMs(), message);
      this.settle(other);
    }
  }

  perform(one, output) {
    const now = this.nowMs();
    switch (output.type) {
      case "connect":
        one.connection = this.relay.connect(now, HOST);
        return one.core.connected(now);
      case "send":
        return this.relay.handle(now, one.connection, output.text);
      case "sign_identity": {
        const payload = Uint8Array.from(atob(output.payload), letter => letter.charCodeAt(0));
        const signature = this.measurements.identity_sign(one.person, payload);
        return one.core.identity_signed(now, signature);
      }
      case "event":
        if (output.event.type === "phase") one.inside = output.event.phase === "inside";
    }
  }
}
