/** Says in the log when an app stops or starts to answer syncs: once per change, not once per poll. */
import type { Logger } from '../lib/logger.ts';
import type { AppSyncOutcome } from './app_sync.ts';

/** Apps come and go; what the oldest ones answered last is forgotten first. */
const urlsMax = 1_000;

export function reportingSync(
  sync: (url: string) => Promise<AppSyncOutcome>,
  log: Pick<Logger, 'info' | 'warn'>,
): (url: string) => Promise<AppSyncOutcome> {
  const lastErrors = new Map<string, string>();
  return async (url) => {
    const outcome = await sync(url);
    const error = outcome.kind === 'failed' ? outcome.error : '';
    const last = lastErrors.get(url) ?? '';
    if (error === last) return outcome;
    lastErrors.delete(url);
    if (outcome.kind === 'synced') {
      log.info('the app answers again', { app: url });
      return outcome;
    }
    lastErrors.set(url, error);
    const oldest = lastErrors.keys().next();
    if (lastErrors.size > urlsMax && !oldest.done) lastErrors.delete(oldest.value);
    log.warn('the app could not be synced; trying again at each poll', {
      app: url,
      code: error,
      reason: outcome.detail,
    });
    return outcome;
  };
}
