/** OpenTelemetry's own exporters, as the SDK uses them, send to the real door over a real socket. */
import { afterEach, expect, test } from 'bun:test';
import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { UserlandSpanFact } from '../../../src/history/fact.ts';
import { hashedKey } from '../../../src/lib/signature.ts';
import { stepKeyOf } from '../../../src/trace/step_key.ts';
import { type Door, openDoor, runId, signingKey } from '../../api/door.ts';

const traceref = encodeURIComponent(
  JSON.stringify({ tp: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, ts: '' }),
);
const servers: { stop(force: boolean): Promise<void> }[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

function listen(): { door: Door; url: string } {
  const door = openDoor({ kind: 'cloud', signingKey });
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: door.handle });
  servers.push(server);
  return { door, url: `http://127.0.0.1:${server.port}/v1/traces/userland` };
}

/** A request with a model call inside, and nothing of its own in the attributes that the SDK adds. */
function traceWork(provider: BasicTracerProvider): void {
  const tracer = provider.getTracer('shop', '1.2.3');
  const own = {
    'inngest.traceref': traceref,
    'sdk.run.id': runId,
    'sys.function.id': 'fn',
    'inngest.step.id': 'charge',
    'inngest.step.index': 1,
    'inngest.step.attempt': 2,
    '_inngest.executor.drop': true,
  };
  const outer = tracer.startSpan('outer', { kind: SpanKind.SERVER, attributes: own });
  const inside: Context = trace.setSpan(ROOT_CONTEXT, outer);
  const attributes = {
    ...own,
    'gen_ai.request.model': 'm-1',
    'gen_ai.usage.input_tokens': 12,
    'gen_ai.response.finish_reasons': ['stop'],
    list: [1, 2.5],
  };
  const inner = tracer.startSpan('inner', { kind: SpanKind.CLIENT, attributes }, inside);
  inner.setStatus({ code: SpanStatusCode.ERROR, message: 'no luck' });
  inner.end();
  outer.end();
  tracer.startSpan('stranger').end();
}

function spansAt(door: Door): UserlandSpanFact[] {
  return door.world.annotations.filter((fact) => fact.t === 'userland');
}

for (const [name, Exporter] of [
  ['JSON', JsonExporter],
  ['protobuf', ProtoExporter],
] as const) {
  for (const compression of [CompressionAlgorithm.NONE, CompressionAlgorithm.GZIP]) {
    test(`every span of OpenTelemetry's ${name} exporter arrives (${compression})`, async () => {
      const { door, url } = listen();
      const headers = { authorization: `Bearer ${hashedKey(signingKey)}` };
      const options = { url, headers, compression };
      const provider = new BasicTracerProvider({
        resource: resourceFromAttributes({ 'service.name': 'shop-api' }),
        spanProcessors: [new BatchSpanProcessor(new Exporter(options))],
      });
      traceWork(provider);
      await provider.forceFlush();
      await provider.shutdown();
      const [inner, outer, ...more] = spansAt(door);
      expect(more).toEqual([]);
      expect(outer).toMatchObject({ runId, name: 'outer', kind: 'SERVER', status: 'Unset' });
      expect(inner).toMatchObject({
        name: 'inner',
        kind: 'CLIENT',
        status: 'Error',
        traceId: outer?.traceId ?? '',
        parentSpanId: outer?.spanId ?? '',
        serviceName: 'shop-api',
        scopeName: 'shop',
        scopeVersion: '1.2.3',
        stepId: stepKeyOf('charge', 1),
        attempt: 2,
      });
      expect(JSON.parse(inner?.attributes ?? '')).toEqual({
        'otel.status_description': 'no luck',
        'gen_ai.request.model': 'm-1',
        'gen_ai.usage.input_tokens': 12,
        'gen_ai.response.finish_reasons': ['stop'],
        list: [1, 2.5],
      });
      const ai = door.world.annotations.find((fact) => fact.t === 'metadata');
      expect(ai).toMatchObject({
        kind: 'inngest.ai',
        scope: 'extended_trace',
        spanId: inner?.spanId ?? '',
        stepId: stepKeyOf('charge', 1),
      });
      expect(JSON.parse(ai?.values ?? '')).toEqual({
        request_model: 'm-1',
        input_tokens: 12,
        finish_reasons: ['stop'],
        latency_ms: inner?.durationMs,
      });
    });
  }
}
