/** Writes spans down as an ExportTraceServiceRequest, as JSON or protobuf. */
import { type Int64Form, writeAttributes } from './any_value.ts';
import type { ExportSpan } from './export_span.ts';
import { encodeMessage } from './messages.ts';

export interface BodyForm {
  readonly encoding: 'json' | 'protobuf';
  readonly resource: Readonly<Record<string, string>>;
  readonly hasPayloads: boolean;
}

/** What differs between the two encodings. */
interface Writing {
  readonly int64: Int64Form;
  readonly id: (hex: string) => unknown;
}

const inJson: Writing = { int64: String, id: (hex) => hex };
/** protobufjs writes 64 bits from two halves; a number would lose the last digits of a nanosecond time. */
const inProtobuf: Writing = {
  int64: (value) => ({
    low: Number(BigInt.asIntN(32, value)),
    high: Number(BigInt.asIntN(32, value >> 32n)),
    unsigned: value >= 0n,
  }),
  id: (hex) => Buffer.from(hex, 'hex'),
};

const kinds = { INTERNAL: 1, CLIENT: 3, CONSUMER: 5 } as const;
const errorCode = 2;
/** Trace flags: sampled. */
const flags = 1;

export function exportBody(spans: readonly ExportSpan[], form: BodyForm): Uint8Array {
  const writing = form.encoding === 'json' ? inJson : inProtobuf;
  const scopeSpans = [...Map.groupBy(spans, ({ scope }) => scope)].map(([name, group]) => ({
    scope: { name },
    spans: group.map((span) => writeSpan(span, writing, form.hasPayloads)),
  }));
  const resource = { attributes: writeAttributes(form.resource, writing.int64) };
  const request = { resourceSpans: [{ resource, scopeSpans }] };
  return form.encoding === 'json'
    ? Buffer.from(JSON.stringify(request))
    : encodeMessage('request', request);
}

function writeSpan(span: ExportSpan, { int64, id }: Writing, hasPayloads: boolean): object {
  const endTimeUnixNano = int64(nanoseconds(span.endMs));
  const payloads = hasPayloads ? span.payloads : [];
  return {
    traceId: id(span.traceId),
    spanId: id(span.spanId),
    ...(span.parentSpanId !== null && { parentSpanId: id(span.parentSpanId) }),
    name: span.name,
    kind: kinds[span.kind],
    startTimeUnixNano: int64(nanoseconds(span.startMs)),
    endTimeUnixNano,
    attributes: writeAttributes(span.attributes, int64),
    events: payloads.map(({ key, text }) => ({
      timeUnixNano: endTimeUnixNano,
      name: text,
      attributes: writeAttributes({ [key]: true }, int64),
    })),
    links: span.links.map((link) => ({
      traceId: id(link.traceId),
      spanId: id(link.spanId),
      flags,
    })),
    status: span.error === null ? {} : { code: errorCode, message: span.error },
    flags,
  };
}

/** Steps are timed in fractions of milliseconds. */
function nanoseconds(ms: number): bigint {
  return BigInt(Math.max(0, Math.round(ms * 1_000))) * 1_000n;
}
