/** What may be in a store when every run has ended, and why. Everything else is a leak. */

const mayRemain: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  { pattern: /^apps(:.*)?$/, why: 'registered apps and the archive of their former functions' },
  { pattern: /^once:/, why: 'idempotency keys, until they expire' },
  {
    pattern: /^outbox-trimmed$/,
    why: 'the position that tells servers which facts are in history',
  },
  { pattern: /^pause-sequence$/, why: 'the counter that orders waits' },
  { pattern: /^x:role:/, why: 'who asks the apps for changes, for some seconds' },
  { pattern: /^x:returned:/, why: 'calls that were given up and must not come late, for a minute' },
  { pattern: /^item:cron\./, why: 'the next occasion of each schedule' },
];

/**
 * Work of the last moments: the events that tell of the last runs' ends, and facts on their way to history. They go
 * when the server is given the time.
 */
const mayLinger: readonly RegExp[] = [
  /^item:events\./,
  /^outbox$/,
  /^x:(ready|leased):events$/,
  /^x:(leases|lease|partitions|accounts)$/,
  /^x:(partition:events|account:.*|inflight:a:.*)$/,
];

export interface Leftovers {
  readonly leaked: readonly string[];
  readonly lingering: readonly string[];
}

/** `keys` without the store's prefix. */
export function leftoversOf(keys: readonly string[]): Leftovers {
  const left = keys.filter((key) => !mayRemain.some(({ pattern }) => pattern.test(key)));
  const isLingering = (key: string): boolean => mayLinger.some((pattern) => pattern.test(key));
  return {
    leaked: left.filter((key) => !isLingering(key)),
    lingering: left.filter(isLingering),
  };
}
