/** What started a run (graphql.md §5.1): the events, a schedule, or a batch of events. */
import type { EventRecord } from '../history/history.ts';
import { isUlid, ulidTime } from '../lib/ulid.ts';
import type { RunTrace } from './run_trace.ts';
import type { RunTrigger } from './span.ts';

export function runTrigger({ run, events }: Pick<RunTrace, 'run' | 'events'>): RunTrigger {
  return {
    eventName: run.cron === null ? commonName(run.eventName, events) : null,
    eventIds: run.eventIds,
    payloads: eventTexts({ events }),
    atMs: beganAtMs(run, events),
    isBatch: run.batchId !== null || run.eventIds.length > 1,
    batchId: run.batchId,
    cron: run.cron,
  };
}

/** Each event as JSON text, members in the order `id, name, data, ts, v, user`. */
export function eventTexts({ events }: Pick<RunTrace, 'events'>): string[] {
  return events.map(eventText);
}

/** A batch can hold different events; then none of their names is the trigger's. */
function commonName(name: string, events: readonly EventRecord[]): string | null {
  const names = new Set(events.map((event) => event.name));
  if (names.size > 1) return null;
  return events[0]?.name ?? name;
}

function beganAtMs(run: RunTrace['run'], events: readonly EventRecord[]): number {
  const fromIds = run.eventIds.filter(isUlid).map(ulidTime);
  const times = fromIds.length > 0 ? fromIds : events.map((event) => event.receivedAtMs);
  return times.reduce((least, atMs) => Math.min(least, atMs), times[0] ?? run.scheduledAtMs);
}

function eventText({ payload }: EventRecord): string {
  let event: unknown;
  try {
    event = JSON.parse(payload);
  } catch {
    // Nobody can write such a row through the server; it is shown as it is.
    return payload;
  }
  if (typeof event !== 'object' || event === null) return payload;
  const { id, name, data, ts, v, user }: Readonly<Record<string, unknown>> = { ...event };
  return JSON.stringify({
    id,
    name,
    data,
    ts,
    ...(typeof v === 'string' && v !== '' && { v }),
    ...(!isEmpty(user) && { user }),
  });
}

function isEmpty(user: unknown): boolean {
  if (typeof user !== 'object' || user === null) return user === undefined || user === null;
  return Object.keys(user).length === 0;
}
