/** What happened in a span of user code, exceptions above all: shown among its attributes. */
import { z } from 'zod';
import { type Json, readAttribute } from './any_value.ts';
import { nanoseconds, nsPerMs } from './span_schema.ts';

/** Of one span; later ones are counted. */
const eventsMax = 32;

const eventSchema = z.object({
  name: z.string().min(1),
  timeUnixNano: nanoseconds,
  attributes: z.array(z.unknown()).nullish(),
});

/** As attributes; nothing where nothing happened. */
export function eventAttributes(events: readonly unknown[], dropped: number): [string, Json][] {
  const read = events.slice(0, eventsMax).flatMap((event) => readEvent(event) ?? []);
  const missing = dropped + Math.max(0, events.length - eventsMax);
  const shown: [string, Json][] = read.length === 0 ? [] : [['otel.events', read]];
  if (missing > 0) shown.push(['otel.dropped_events_count', missing]);
  return shown;
}

function readEvent(input: unknown): Json | null {
  const event = eventSchema.safeParse(input);
  if (!event.success) return null;
  const { name, timeUnixNano: atNs } = event.data;
  const attributes = (event.data.attributes ?? []).flatMap((one) => {
    const read = readAttribute(one);
    return read === null ? [] : [read];
  });
  return {
    name,
    ...(atNs > 0n && { time: new Date(Number(atNs / nsPerMs)).toISOString() }),
    ...(attributes.length > 0 && { attributes: Object.fromEntries(attributes) }),
  };
}
