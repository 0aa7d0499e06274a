/** A server that says what a story is about. */

/** Whatever is asked, this is the answer. */
export function answerFetches(answer: object): void {
  globalThis.fetch = () => Promise.resolve(Response.json(answer));
}
