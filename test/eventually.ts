/**
 * The only way a test waits: a condition is polled until it holds or its deadline passes.
 */

export interface Patience {
  /** How long the condition may take to hold. */
  readonly deadlineMs?: number;
  /** Pause between two looks. */
  readonly intervalMs?: number;
  /** Said in the failure: what was expected to happen. */
  readonly what?: string;
}

const defaultDeadlineMs = 10_000;
const defaultIntervalMs = 20;

/**
 * Resolves with the first value of `look` that is neither null, undefined nor false. A `look` that throws
 * has not succeeded yet; when the deadline passes its last error becomes the cause of the failure.
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  { deadlineMs = defaultDeadlineMs, intervalMs = defaultIntervalMs, what }: Patience = {},
): Promise<Exclude<T, null | undefined | false>> {
  const deadline = performance.now() + deadlineMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await look();
      if (value !== null && value !== undefined && value !== false) {
        // Narrowed by the three comparisons above, which the compiler does not carry into Exclude.
        return value as Exclude<T, null | undefined | false>;
      }
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= deadline) {
      const reason = lastError instanceof Error ? `: ${lastError.message}` : '';
      throw new Error(`${what ?? 'the condition'} did not hold within ${deadlineMs} ms${reason}`, {
        cause: lastError,
      });
    }
    await Bun.sleep(intervalMs);
  }
}
