/** A span of the server's own, as it goes to a collector. */
import type { TraceContext } from '../traceparent.ts';
import type { AttributeValue } from './any_value.ts';

/** observability-ui.md §1. */
export const scopes = {
  trigger: 'trigger.inngest',
  run: 'function.app.env.inngest',
  step: 'step.function.app.env.inngest',
  call: 'execution.function.app.env.inngest',
} as const;

export interface ExportSpan extends TraceContext {
  readonly scope: (typeof scopes)[keyof typeof scopes];
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: 'INTERNAL' | 'CLIENT' | 'CONSUMER';
  readonly startMs: number;
  /** Not before `startMs`. */
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, AttributeValue | undefined>>;
  /** Null when all went well. */
  readonly error: string | null;
  readonly payloads: readonly Payload[];
  readonly links: readonly TraceContext[];
}

/** What went in or came out, as a span event: its name is JSON text, an attribute says which it is (§2.3). */
export interface Payload {
  readonly key: string;
  readonly text: string;
}

/** Longer ones are cut: collectors refuse whole batches for one span that is too large. */
const payloadCharsMax = 32 * 1024;

export function payloadOf(key: string, text: string | undefined): readonly Payload[] {
  return text === undefined ? [] : [{ key, text: text.slice(0, payloadCharsMax) }];
}

/** What the payloads of a span take; the rest is small, and bounded by the number of spans. */
export function payloadBytes({ payloads }: ExportSpan): number {
  return payloads.reduce((sum, { text }) => sum + 2 * text.length, 0);
}
