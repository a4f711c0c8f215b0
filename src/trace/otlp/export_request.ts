/** Reads an ExportTraceServiceRequest, JSON or protobuf, down to its spans. */
import { z } from 'zod';
import { decodeMessage } from './messages.ts';

export type Encoding = 'json' | 'protobuf';

const maybeText = z
  .string()
  .nullish()
  .transform((text) => text || undefined);

const requestSchema = z.object({
  resourceSpans: z
    .array(
      z.object({
        resource: z.object({ attributes: z.array(z.unknown()).nullish() }).nullish(),
        scopeSpans: z
          .array(
            z.object({
              scope: z.object({ name: maybeText, version: maybeText }).nullish(),
              spans: z.array(z.unknown()).nullish(),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
});

export interface Scope {
  readonly name?: string;
  readonly version?: string;
}

/** Spans of one resource and scope, not looked at yet. */
export interface SpanGroup {
  readonly resourceAttributes: readonly unknown[];
  readonly scope: Scope;
  readonly spans: readonly unknown[];
}

/** Null when the body is no such request. */
export function readExportRequest(
  body: Uint8Array,
  encoding: Encoding,
): readonly SpanGroup[] | null {
  const message = readMessage(body, encoding);
  const parsed = requestSchema.safeParse(message);
  if (!parsed.success) return null;
  return (parsed.data.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) =>
    (scopeSpans ?? []).map(({ scope, spans }) => ({
      resourceAttributes: resource?.attributes ?? [],
      scope: { name: scope?.name, version: scope?.version },
      spans: spans ?? [],
    })),
  );
}

/** Undefined when the bytes cannot be read. */
function readMessage(body: Uint8Array, encoding: Encoding): unknown {
  try {
    return encoding === 'json'
      ? JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
      : decodeMessage('request', body);
  } catch {
    // Whatever the reader stumbled over, the sender is told that its body is no export request.
    return undefined;
  }
}
