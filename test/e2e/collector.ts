/** Stands in for an OpenTelemetry collector: takes OTLP/JSON, keeps every span it is sent. */
import { z } from 'zod';

const requestSchema = z.object({
  resourceSpans: z.array(
    z.object({
      scopeSpans: z.array(
        z.object({
          scope: z.object({ name: z.string() }),
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
              links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).optional(),
              attributes: z
                .array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) }))
                .default([]),
            }),
          ),
        }),
      ),
    }),
  ),
});

export interface CollectedSpan {
  readonly scope: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  /** Trace ids. */
  readonly links: readonly string[];
  /** Of attributes that are text. */
  readonly attributes: Readonly<Record<string, string>>;
}

export class Collector {
  readonly spans: CollectedSpan[] = [];
  readonly #server: Bun.Server<undefined>;

  constructor() {
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: async (request) => {
        if (new URL(request.url).pathname !== '/v1/traces')
          return new Response('', { status: 404 });
        this.#take(requestSchema.parse(await request.json()));
        return Response.json({});
      },
    });
  }

  /** The standard variables that point a server here. */
  get env(): Record<string, string> {
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    };
  }

  of(runId: string): CollectedSpan[] {
    return this.spans.filter(({ attributes }) => attributes['sdk.run.id'] === runId);
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  #take({ resourceSpans }: z.infer<typeof requestSchema>): void {
    for (const { scopeSpans } of resourceSpans) {
      for (const { scope, spans } of scopeSpans) {
        for (const span of spans) {
          const texts = span.attributes.flatMap(({ key, value }) =>
            typeof value.stringValue === 'string' ? [[key, value.stringValue] as const] : [],
          );
          this.spans.push({
            scope: scope.name,
            name: span.name,
            traceId: span.traceId,
            spanId: span.spanId,
            parentSpanId: span.parentSpanId ?? '',
            links: (span.links ?? []).map(({ traceId }) => traceId),
            attributes: Object.fromEntries(texts),
          });
        }
      }
    }
  }
}
