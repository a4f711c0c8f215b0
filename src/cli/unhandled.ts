/**
 * Promises that fail while nobody waits for them: bugs, but no reason to end a server whose work is safe in its store.
 */
import type { Logger } from '../lib/logger.ts';

/** Logs them until the function that it returns is called; without this, the process would end. */
export function reportUnhandled(log: Pick<Logger, 'error'>): () => void {
  const report = (error: unknown): void => {
    log.error('something failed that nobody waited for; please report this', { error });
  };
  process.on('unhandledRejection', report);
  return () => process.off('unhandledRejection', report);
}
