/** Tells the log when spans do not arrive: at once, then at most every minute with the totals. */
import type { Clock } from '../../lib/clock.ts';
import type { LogFields, Logger } from '../../lib/logger.ts';

const pauseMs = 60_000;

export type Complain = (message: string, reason: string, totals: LogFields) => void;

/** Each kind of message has a pause of its own; there are a handful. */
export function complaints(log: Pick<Logger, 'warn'>, clock: Clock, collector: string): Complain {
  const quietUntilMs = new Map<string, number>();
  return (message, reason, totals) => {
    const nowMs = clock.now();
    if (nowMs < (quietUntilMs.get(message) ?? 0)) return;
    quietUntilMs.set(message, nowMs + pauseMs);
    log.warn(message, { collector, reason, ...totals });
  };
}
