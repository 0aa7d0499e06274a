// The page's own workers, for tests that end one, write down what it says, or speak in its place.

/** Runs in the page before its scripts: `window.workers`, and in `window.posted` all that they say, as JSON. */
export const noteWorkers = `(${note})()`;

function note() {
  window.workers = [];
  window.posted = [];
  /** What JSON cannot say is named, so that it is not overlooked. */
  const plain = (_, value) =>
    ["Object", "Array", undefined].includes(value?.constructor?.name) || Object(value) !== value
      ? value
      : { notJson: Object.prototype.toString.call(value) };
  const Original = window.Worker;
  window.Worker = class extends Original {
    constructor(...args) {
      super(...args);
      window.workers.push(this);
      // Before the page's own listeners.
      this.addEventListener("message", event => {
        const { data, ports } = event;
        if (window.mute && event.isTrusted && data.type === "event") {
          return event.stopImmediatePropagation();
        }
        window.posted.push(
          JSON.stringify(ports.length > 0 ? { ports: ports.length } : data, plain),
        );
      });
    }
  };
}

/** Everything that a person's workers have said so far. */
export function posted(person) {
  return person.page.evaluate(() => window.posted.map(text => JSON.parse(text)));
}

/** From now on a person's page hears no event but those that are pretended. */
export function mute(person) {
  return person.page.evaluate(() => (window.mute = true));
}

/** Has a person's page hear an event of the core as if its worker had told it. */
export function pretend(person, event) {
  return person.page.evaluate(event => {
    const message = new MessageEvent("message", { data: { type: "event", event } });
    window.workers.at(-1).dispatchEvent(message);
  }, event);
}
