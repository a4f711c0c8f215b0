/** Where events come from in a trace of the sender's own (header `traceparent`). */
import type { ReceivedEvent } from '../event/event.ts';
import { formatTraceparent, parseTraceparent } from '../trace/traceparent.ts';

/** A header that is none is ignored, as the standard asks. */
export function traced(
  events: readonly ReceivedEvent[],
  request: Request,
): readonly ReceivedEvent[] {
  const header = request.headers.get('traceparent');
  const context = header === null ? null : parseTraceparent(header);
  if (context === null) return events;
  const traceparent = formatTraceparent(context);
  return events.map((event) => ({ ...event, traceparent }));
}
