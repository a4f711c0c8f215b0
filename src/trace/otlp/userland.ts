/** Spans of user code as facts (observability-ui.md §8). */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { MetadataFact, UserlandSpanFact } from '../../history/fact.ts';
import { isUlid, ulidFromBytes } from '../../lib/ulid.ts';
import { stepKeyOf } from '../step_key.ts';
import { aiKind, aiValuesOf } from './ai_metadata.ts';
import { type Json, readAttribute } from './any_value.ts';
import { attributeText } from './bounded_attributes.ts';
import type { Scope, SpanGroup } from './export_request.ts';
import { eventAttributes } from './span_event.ts';
import { type IncomingSpan, spanSchema } from './span_schema.ts';
import { parseTraceref } from './traceref.ts';

/** Exporters send 512 at once unless told otherwise. */
const spansPerRequestMax = 10_000;
/** About 10 ms of work. */
const spansPerTurn = 500;
const attributeBytesMax = 64 * 1024;
/** Kept with every span, and alike on all that one process sends. */
const resourceBytesMax = 8 * 1024;
/** What one request may add to history: resources are repeated, so that it can be more than was sent. */
const factBytesMax = 32 * 1024 * 1024;
const nameCharsMax = 256;
/** Messages of errors can hold whole answers of other services. */
const statusMessageCharsMax = 4 * 1024;

/** Said by the SDK for the server; nothing that people look for. */
const understood: ReadonlySet<string> = new Set([
  'sdk.run.id',
  'sys.function.id',
  'sys.app.id',
  'inngest.traceparent',
  'inngest.traceref',
  'inngest.step.parentSpanId',
  'inngest.step.id',
  'inngest.step.index',
  'inngest.step.hash',
  'inngest.step.attempt',
]);
/** Only the server itself may speak so. */
const ownPrefix = '_inngest.';

/** A span, and what it says about the use of AI. */
export interface SpanFacts {
  readonly runId: string;
  readonly facts: readonly (UserlandSpanFact | MetadataFact)[];
  /** About what it takes to keep them. */
  readonly bytes: number;
}

export interface UserlandFacts {
  readonly spans: readonly SpanFacts[];
  readonly rejected: number;
  /** Why the first one was. */
  readonly reason: string | null;
}

interface Origin {
  readonly scope: Scope;
  readonly serviceName?: string;
  readonly resourceAttributes: string;
}

/** Lets others work in between: a large request would hold everything up for a fifth of a second. */
export async function userlandFacts(groups: readonly SpanGroup[]): Promise<UserlandFacts> {
  const spans: SpanFacts[] = [];
  let [rejected, bytes, count] = [0, 0, 0];
  let reason: string | null = null;
  for (const group of groups) {
    const origin = originOf(group);
    for (const span of group.spans) {
      count += 1;
      if (count % spansPerTurn === 0) await setImmediate();
      const isFull = count > spansPerRequestMax || bytes > factBytesMax;
      const read = isFull
        ? 'too many spans at once: export smaller batches'
        : readSpan(span, origin);
      if (typeof read === 'string') {
        rejected += 1;
        reason ??= read;
        continue;
      }
      spans.push(read);
      bytes += read.bytes;
    }
  }
  return { spans, rejected, reason };
}

function originOf({ resourceAttributes, scope }: SpanGroup): Origin {
  const attributes = readAttributes(resourceAttributes);
  const service = attributes.get('service.name');
  return {
    scope: { name: shown(scope.name), version: shown(scope.version) },
    ...(typeof service === 'string' && service !== '' && { serviceName: shown(service) }),
    resourceAttributes: attributeText(attributes, resourceBytesMax).text,
  };
}

/** The facts of one span, or why it is rejected. */
function readSpan(input: unknown, origin: Origin): SpanFacts | string {
  const parsed = spanSchema.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return `${issue?.path.join('.') ?? 'span'}: ${issue?.message ?? 'not understood'}`;
  }
  const span = parsed.data;
  const attributes = readAttributes(span.attributes);
  const traceref = attributes.get('inngest.traceref');
  if (typeof traceref !== 'string' || parseTraceref(traceref) === null) {
    return 'a span needs the attribute inngest.traceref, as the server gave it in tracestate';
  }
  const runId = attributes.get('sdk.run.id');
  if (typeof runId !== 'string' || !isUlid(runId.toUpperCase())) {
    return 'a span needs the attribute sdk.run.id with the id of its run';
  }
  const fact = spanFact(span, attributes, { ...origin, runId: runId.toUpperCase() });
  const ai = aiValuesOf(attributes, span.durationMs);
  const bytes = userlandBytes(fact);
  if (ai === null) return { runId: fact.runId, facts: [fact], bytes };
  const metadata = aiFact(fact, ai);
  return { runId: fact.runId, facts: [fact, metadata], bytes: bytes + metadata.values.length };
}

function spanFact(
  span: IncomingSpan,
  attributes: ReadonlyMap<string, Json>,
  { runId, scope, ...origin }: Origin & { readonly runId: string },
): UserlandSpanFact {
  const parent = attributes.get('inngest.step.parentSpanId');
  const parentSpanId =
    typeof parent === 'string' && /^[0-9a-f]{16}$/i.test(parent)
      ? parent.toLowerCase()
      : span.parentSpanId;
  return {
    t: 'userland',
    runId,
    spanId: span.spanId,
    traceId: span.traceId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    name: shown(span.name) ?? '',
    kind: span.kind,
    status: span.status,
    atMs: span.atMs,
    durationMs: span.durationMs,
    ...origin,
    ...(scope.name !== undefined && { scopeName: scope.name }),
    ...(scope.version !== undefined && { scopeVersion: scope.version }),
    attributes: shownAttributes(span, attributes),
    ...stepOf(attributes),
  };
}

/** OpenTelemetry's names for what backends without a place for it keep as attributes. */
function shownAttributes(span: IncomingSpan, attributes: ReadonlyMap<string, Json>): string {
  const kept = new Map<string, Json>();
  if (span.statusMessage !== undefined) {
    kept.set('otel.status_description', span.statusMessage.slice(0, statusMessageCharsMax));
  }
  for (const [key, value] of attributes) {
    if (!understood.has(key) && !key.startsWith(ownPrefix)) kept.set(key, value);
  }
  for (const [key, value] of eventAttributes(span.events, span.droppedEvents)) {
    if (!kept.has(key)) kept.set(key, value);
  }
  const { text, dropped } = attributeText(kept, attributeBytesMax);
  const missing = dropped + span.droppedAttributes;
  if (missing === 0) return text;
  const note = `"otel.dropped_attributes_count":${missing}}`;
  return text === '{}' ? `{${note}` : `${text.slice(0, -1)},${note}`;
}

/** The hashed id wins; SDKs that know only the user's id send that. */
function stepOf(
  attributes: ReadonlyMap<string, Json>,
): Pick<UserlandSpanFact, 'stepId' | 'attempt'> {
  const hash = attributes.get('inngest.step.hash');
  const id = attributes.get('inngest.step.id');
  const index = wholeNumber(attributes.get('inngest.step.index'));
  const attempt = wholeNumber(attributes.get('inngest.step.attempt'));
  const named = typeof id === 'string' && id !== '' ? stepKeyOf(id, index) : undefined;
  const stepId = typeof hash === 'string' && hash !== '' ? shown(hash) : named;
  if (stepId === undefined) return {};
  return { stepId, ...(attempt !== undefined && { attempt }) };
}

/**
 * On the span itself: several calls of one step would overwrite each other there. The id follows from the span, so
 * that an exporter that sends twice says the same thing twice.
 */
function aiFact(span: UserlandSpanFact, values: Readonly<Record<string, Json>>): MetadataFact {
  const { runId, spanId, stepId, attempt } = span;
  const atMs = Math.floor(span.atMs + span.durationMs);
  const chance = createHash('sha256').update(`${runId}:${spanId}:${aiKind}`).digest();
  return {
    t: 'metadata',
    id: ulidFromBytes(atMs, chance.subarray(0, 10)),
    runId,
    atMs,
    scope: 'extended_trace',
    ...(stepId !== undefined && { stepId }),
    ...(attempt !== undefined && { attempt }),
    spanId,
    kind: aiKind,
    op: 'merge',
    values: JSON.stringify(values),
  };
}

function readAttributes(list: readonly unknown[]): Map<string, Json> {
  return new Map(
    list.flatMap((attribute) => {
      const read = readAttribute(attribute);
      return read === null ? [] : [read];
    }),
  );
}

function wholeNumber(value: Json | undefined): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0
    ? number
    : undefined;
}

/** PostgreSQL has no text with NUL. */
function shown(text: string | undefined): string | undefined {
  return text?.slice(0, nameCharsMax).replaceAll('\0', '').toWellFormed();
}

/** Of what can be long; the rest is bounded and taken to be what it usually is. */
export function userlandBytes(
  fact: Pick<UserlandSpanFact, 'attributes' | 'resourceAttributes'>,
): number {
  return fact.attributes.length + fact.resourceAttributes.length + 2 * nameCharsMax;
}
