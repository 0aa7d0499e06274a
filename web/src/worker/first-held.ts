/** Says nothing before the lock is held by which the page learns that this worker ended. */

/** What is needed of a `LockManager`. */
export interface Locks {
  request(name: string, got: () => Promise<unknown>): Promise<unknown>;
}

/**
 * The lock is given back when this worker ends, however it does. The page asks for it at the worker's first word: had the page asked
 * before the worker, it would get it, and take a worker that lives for a dead one. Where there are no locks, all is said at once.
 */
export function sayOnceHeld<Message>(
  post: (message: Message) => void,
  name: string,
  locks: Locks | undefined,
): (message: Message) => void {
  if (locks === undefined) return post;
  let waiting: Message[] | undefined = [];
  const begin = () => {
    const earlier = waiting ?? [];
    waiting = undefined;
    earlier.forEach(post);
  };
  const held = () => {
    begin();
    return new Promise<never>(() => undefined);
  };
  // Refused to a worker, it is refused to the page as well, which does without.
  locks.request(name, held).catch(begin);
  return message => {
    if (waiting === undefined) post(message);
    else waiting.push(message);
  };
}
