/** The reference to a call that the server hands to SDKs in `tracestate` and finds again on their spans. */
import { z } from 'zod';
import { parseTraceparent, type TraceContext } from '../traceparent.ts';

const schema = z.object({ tp: z.string() });

/** `text` is query-escaped JSON `{tp, ts}` (observability-ui.md §8). Null when it is none. */
export function parseTraceref(text: string): TraceContext | null {
  try {
    const parsed = schema.safeParse(JSON.parse(decodeURIComponent(text.replaceAll('+', ' '))));
    return parsed.success ? parseTraceparent(parsed.data.tp) : null;
  } catch {
    // Neither escaped text nor JSON: no reference.
    return null;
  }
}
