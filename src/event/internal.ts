/** Events that the server itself sends (sdk-http-protocol.md §8). */

export const internalPrefix = 'inngest/';

export const internalEvents = {
  invoked: 'inngest/function.invoked',
  finished: 'inngest/function.finished',
  failed: 'inngest/function.failed',
  cancelled: 'inngest/function.cancelled',
  scheduledTimer: 'inngest/scheduled.timer',
  httpRequest: 'inngest/http.request',
  deferredSchedule: 'inngest/deferred.schedule',
} as const;

/** Key in `data` that only the server may write. */
export const internalDataKey = '_inngest';

/** Whether a name is reserved: the prefix counts in any letter case, so that no look-alike gets in. */
export function isInternal(name: string): boolean {
  return name.slice(0, internalPrefix.length).toLowerCase() === internalPrefix;
}
