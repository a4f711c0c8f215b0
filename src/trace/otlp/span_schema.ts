/** A span as it comes in, in either encoding: ids are hex text or bytes, enums are numbers or names. */
import { z } from 'zod';

const kindNames = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'] as const;
const statusNames = ['Unset', 'Ok', 'Error'] as const;

export type SpanKind = (typeof kindNames)[number];
export type SpanState = (typeof statusNames)[number];

/** The last moment that a Date can hold. */
const dateMsMax = 8_640_000_000_000_000n;
export const nsPerMs = 1_000_000n;

const bytesOrHex = z.union([
  z.string(),
  z.instanceof(Uint8Array).transform((bytes) => Buffer.from(bytes).toString('hex')),
]);

const isId = (hex: string, digits: number): boolean =>
  hex.length === digits && /^[0-9a-f]+$/.test(hex) && !/^0+$/.test(hex);

const idOf = (digits: number) =>
  bytesOrHex
    .transform((hex) => hex.toLowerCase())
    .refine((hex) => isId(hex, digits), `not ${digits} hex digits`);

const spanIdDigits = 16;

/** A root has none, or one that is empty or zero. */
const parentId = bytesOrHex.nullish().transform((hex) => {
  const id = hex?.toLowerCase() ?? '';
  return isId(id, spanIdDigits) ? id : undefined;
});

/** Nanoseconds since 1970; 0 when the sender does not know. */
export const nanoseconds = z
  .union([z.string().regex(/^\d{1,20}$/), z.number().int().nonnegative()])
  .nullish()
  .transform((value) => BigInt(value ?? 0))
  .refine((value) => value / nsPerMs <= dateMsMax, 'a time that no clock shows');

const enumValue = z.union([z.string(), z.number()]).nullish();

export const spanSchema = z
  .object({
    traceId: idOf(32),
    spanId: idOf(spanIdDigits),
    parentSpanId: parentId,
    name: z.string().nullish(),
    kind: enumValue,
    startTimeUnixNano: nanoseconds,
    endTimeUnixNano: nanoseconds,
    attributes: z.array(z.unknown()).nullish(),
    droppedAttributesCount: z.number().int().nonnegative().nullish().catch(0),
    events: z.array(z.unknown()).nullish().catch(null),
    droppedEventsCount: z.number().int().nonnegative().nullish().catch(0),
    status: z.object({ code: enumValue, message: z.string().nullish() }).nullish(),
  })
  .refine(
    (span) => span.startTimeUnixNano > 0n || span.endTimeUnixNano > 0n,
    'a span without a time',
  )
  .transform((span) => ({
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    name: span.name ?? '',
    kind: kindOf(span.kind),
    ...timesOf(span.startTimeUnixNano, span.endTimeUnixNano),
    attributes: span.attributes ?? [],
    droppedAttributes: span.droppedAttributesCount ?? 0,
    events: span.events ?? [],
    droppedEvents: span.droppedEventsCount ?? 0,
    status: stateOf(span.status?.code),
    statusMessage: span.status?.message || undefined,
  }));

export type IncomingSpan = z.infer<typeof spanSchema>;

function kindOf(value: string | number | null | undefined): SpanKind {
  if (typeof value === 'number') return kindNames[value] ?? 'UNSPECIFIED';
  const name = value?.replace('SPAN_KIND_', '');
  return kindNames.find((known) => known === name) ?? 'UNSPECIFIED';
}

function stateOf(value: string | number | null | undefined): SpanState {
  if (typeof value === 'number') return statusNames[value] ?? 'Unset';
  const name = value?.replace('STATUS_CODE_', '');
  return statusNames.find((known) => known.toUpperCase() === name) ?? 'Unset';
}

/** Whole milliseconds for the start, fractions for the length: spans are often shorter than one. */
function timesOf(startNs: bigint, endNs: bigint): { atMs: number; durationMs: number } {
  const fromNs = startNs === 0n ? endNs : startNs;
  const lengthNs = endNs > fromNs ? endNs - fromNs : 0n;
  return { atMs: Number(fromNs / nsPerMs), durationMs: Number(lengthNs) / Number(nsPerMs) };
}
