/** What is written to the console. */
export interface Written {
  readonly warnings: unknown[][];
  readonly errors: unknown[][];
}

/** Keeps what is written while something is done. */
export async function consoleDuring(act: () => void | Promise<void>): Promise<Written> {
  const { warn, error } = console;
  const written: Written = { warnings: [], errors: [] };
  console.warn = (...words: unknown[]) => void written.warnings.push(words);
  console.error = (...words: unknown[]) => void written.errors.push(words);
  try {
    await act();
  } finally {
    Object.assign(console, { warn, error });
  }
  return written;
}
