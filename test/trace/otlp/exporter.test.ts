import { afterEach, expect, test } from 'bun:test';
import { spanIdOf, traceIdOf } from '../../../src/trace/identity.ts';
import { createOtlpExporter, type OtlpExporter } from '../../../src/trace/otlp/exporter.ts';
import { encodeMessage } from '../../../src/trace/otlp/messages.ts';
import { eventually } from '../../eventually.ts';
import { FakeClock } from '../../fake_clock.ts';
import { type Collector, startCollector } from './collector_stand_in.ts';
import { runId, scheduledRuns, scriptedRun, sender, t0 } from './scripted_run.ts';

interface Bench {
  readonly collector: Collector;
  readonly clock: FakeClock;
  readonly exporter: OtlpExporter;
  readonly warnings: string[];
}

const open: Bench[] = [];

function bench(env: Record<string, string> = {}): Bench {
  const collector = startCollector();
  const clock = new FakeClock(t0);
  const warnings: string[] = [];
  const exporter = createOtlpExporter(
    { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env },
    {
      clock,
      log: {
        warn: (message, fields) => void warnings.push(`${message} ${JSON.stringify(fields)}`),
      },
      random: () => 1,
    },
  );
  if (exporter === null) throw new Error('nothing is exported');
  const made = { collector, clock, exporter, warnings };
  open.push(made);
  return made;
}

afterEach(async () => {
  for (const { exporter, collector, clock } of open.splice(0)) {
    const closed = exporter.close();
    clock.advance(60_000);
    await closed;
    await collector.stop();
  }
});

/** The exporter's thread has taken everything in. */
const taken = ({ exporter }: Bench, spans: number) =>
  eventually(() => exporter.stats().queued === spans, { what: `${spans} spans in the queue` });

const exported = ({ exporter }: Bench, spans: number) =>
  eventually(() => exporter.stats().exported === spans, { what: `${spans} exported spans` });

for (const protocol of ['http/protobuf', 'http/json'] as const) {
  test(`a collector gets the spans of a run, once each, over ${protocol}`, async () => {
    const it = bench({
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_COMPRESSION: protocol === 'http/json' ? 'gzip' : 'none',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-team=a%20b',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    });
    it.exporter.offer(scriptedRun);
    it.exporter.offer(scriptedRun);
    await taken(it, 10);
    expect(it.collector.requests).toHaveLength(0);
    it.clock.advance(5_000);
    await exported(it, 10);
    const [request] = it.collector.requests;
    expect([request?.path, request?.headers.get('x-team')]).toEqual(['/v1/traces', 'a b']);
    expect(it.collector.resources).toEqual([
      { 'deployment.environment.name': 'test', 'service.name': 'inngest' },
    ]);
    const shown = it.collector.spans.map(({ scope, name, startMs, endMs, status }) =>
      [scope.split('.')[0], name, startMs - t0, endMs - t0, status.message ?? ''].join(' '),
    );
    expect(shown.sort()).toEqual([
      'execution charge 10 20 ',
      'execution function error 3110 3120 Error: no luck',
      'function shop-charge 10 3120 Error: no luck',
      'step charge 12 15.5 CardError: declined',
      'step charge 12 27.25 ',
      'step invoke 2500 3000 CardError: declined',
      'step sleep 30 1030 ',
      'step wait 1040 2000 ',
      'step wait.signal 3050 3100 ',
      'trigger trigger 5 5 ',
    ]);
    expect(it.exporter.stats()).toEqual({ exported: 10, dropped: 0, queued: 0, failures: 0 });
  });
}

test('spans hang together, and say what the keys promise', async () => {
  const it = bench();
  it.exporter.offer(scriptedRun);
  await it.exporter.close();
  const { spans } = it.collector;
  const run = spanIdOf(runId, { of: 'run' });
  const charge = spanIdOf(runId, { of: 'step', stepId: 'hash-charge' });
  const find = (spanId: string) => spans.find((span) => span.spanId === spanId);
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([traceIdOf(runId)]));
  expect(find(run)?.parentSpanId).toBe(spanIdOf(runId, { of: 'trigger' }));
  expect(find(charge)?.parentSpanId).toBe(run);
  const attempt = find(spanIdOf(runId, { of: 'attempt', stepId: 'hash-charge', attempt: 0 }));
  expect(attempt?.parentSpanId).toBe(charge);
  const trigger = find(spanIdOf(runId, { of: 'trigger' }));
  expect([trigger?.parentSpanId, trigger?.links]).toEqual(['', [sender.spanId]]);
  expect(find(run)?.attributes).toMatchObject({
    'sdk.run.id': runId,
    'sys.function.id': 'fn-1',
    'sys.function.version': 3,
    'sys.function.status.code': 400,
    'sys.function.time.schedule': t0 + 5,
    'sys.function.time.start': t0 + 10,
  });
  expect(find(spanIdOf(runId, { of: 'call', callId: 'start#1' }))?.attributes).toMatchObject({
    'sys.step.opcode': 'StepError',
    'sys.step.status.code': 206,
    'sys.step.first': true,
    'sys.delay.system.ms': 5,
  });
  expect(find(spanIdOf(runId, { of: 'step', stepId: 'hash-wait' }))?.attributes).toMatchObject({
    'sys.step.wait.event': 'order/paid',
    'sys.step.wait.expr': 'async.data.ok',
    'sys.step.wait.expires': t0 + 9_000,
    'sys.step.wait.expired': false,
    'sys.step.wait.matched.event.id': 'event-2',
  });
});

test('payloads are sent only when that is asked for', async () => {
  const secret = '4242';
  const silent = bench();
  silent.exporter.offer(scriptedRun);
  await silent.exporter.close();
  expect(JSON.stringify(silent.collector.spans)).not.toContain(secret);
  const open = bench({ INNGEST_OTEL_PAYLOADS: 'true' });
  open.exporter.offer(scriptedRun);
  await open.exporter.close();
  const charge = spanIdOf(runId, { of: 'step', stepId: 'hash-charge' });
  expect(open.collector.spans.find(({ spanId }) => spanId === charge)?.events).toEqual([
    '[{"card":"4242"}]',
    '{"data":{"card":"4242"}}',
  ]);
});

test('full batches leave at once, the rest in its time', async () => {
  const it = bench({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10' });
  it.exporter.offer(scheduledRuns(25));
  await exported(it, 20);
  expect(it.exporter.stats().queued).toBe(5);
  it.clock.advance(5_000);
  await exported(it, 25);
  expect(it.collector.requests).toHaveLength(3);
  expect(new Set(it.collector.spans.map(({ traceId }) => traceId)).size).toBe(25);
});

test('a busy collector is asked again, with growing pauses, and gets every span once', async () => {
  const it = bench({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10' });
  for (const status of [503, 502, 504]) {
    it.collector.answers.push(() => new Response(null, { status }));
  }
  it.exporter.offer(scheduledRuns(10));
  for (const [attempt, pauseMs] of [1_000, 2_000, 4_000].entries()) {
    await eventually(() => it.exporter.stats().failures === attempt + 1);
    it.clock.advance(pauseMs - 1);
    expect(it.collector.requests).toHaveLength(attempt + 1);
    it.clock.advance(1);
  }
  await exported(it, 10);
  expect(it.collector.spans).toHaveLength(10);
  expect(it.warnings).toHaveLength(1);
});

test('Retry-After is obeyed', async () => {
  const it = bench({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' });
  it.collector.answers.push(
    () => new Response(null, { status: 429, headers: { 'retry-after': '30' } }),
  );
  it.exporter.offer(scheduledRuns(1));
  await eventually(() => it.exporter.stats().failures === 1);
  it.clock.advance(29_999);
  expect(it.collector.requests).toHaveLength(1);
  it.clock.advance(1);
  await exported(it, 1);
});

test('a collector that hangs is given up and asked again', async () => {
  const it = bench({
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1',
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '3000',
  });
  const hang = Promise.withResolvers<Response>();
  it.collector.answers.push(() => hang.promise);
  it.exporter.offer(scheduledRuns(1));
  await eventually(() => it.collector.requests.length === 1);
  it.clock.advance(3_000);
  await eventually(() => it.exporter.stats().failures === 1);
  expect(it.warnings[0]).toContain('no answer within 3000 ms');
  hang.resolve(new Response(null, { status: 503 }));
  it.clock.advance(1_000);
  await exported(it, 1);
});

test('a collector that is away costs a batch only after ten attempts', async () => {
  const it = bench({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2' });
  it.collector.answers.push(
    ...Array.from({ length: 10 }, () => () => new Response(null, { status: 503 })),
  );
  it.exporter.offer(scheduledRuns(4));
  for (let attempt = 1; attempt <= 10; attempt += 1) {
    await eventually(() => it.exporter.stats().failures === attempt);
    it.clock.advance(60_000);
  }
  await exported(it, 2);
  expect(it.exporter.stats()).toEqual({ exported: 2, dropped: 2, queued: 0, failures: 10 });
});

test('what a collector refuses is not sent again', async () => {
  const it = bench({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' });
  it.collector.answers.push(
    () => new Response(null, { status: 401 }),
    () => Response.redirect('http://127.0.0.1:1/elsewhere'),
  );
  it.exporter.offer(scheduledRuns(3));
  await exported(it, 1);
  expect(it.exporter.stats()).toMatchObject({ dropped: 2, failures: 2 });
});

test('spans that a collector rejects count as dropped', async () => {
  const it = bench({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '5' });
  const partialSuccess = { rejectedSpans: 2, errorMessage: 'too old' };
  it.collector.answers.push(
    () => Response.json({ partialSuccess: { ...partialSuccess, rejectedSpans: '2' } }),
    () =>
      new Response(Buffer.from(encodeMessage('response', { partialSuccess })), {
        headers: { 'content-type': 'application/x-protobuf' },
      }),
    () => new Response('what?', { headers: { 'content-type': 'application/json' } }),
  );
  it.exporter.offer(scheduledRuns(15));
  await exported(it, 11);
  expect(it.exporter.stats()).toMatchObject({ exported: 11, dropped: 4, failures: 0 });
  expect(it.warnings.join()).toContain('too old');
});

test('a full queue drops what comes and counts it', async () => {
  const it = bench({ OTEL_BSP_MAX_QUEUE_SIZE: '20', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10' });
  const hang = Promise.withResolvers<Response>();
  it.collector.answers.push(() => hang.promise);
  it.exporter.offer(scheduledRuns(10));
  await eventually(() => it.collector.requests.length === 1);
  it.exporter.offer(scheduledRuns(30, 10));
  await eventually(() => it.exporter.stats().dropped === 10);
  it.exporter.offer(scheduledRuns(5, 40));
  await eventually(() => it.exporter.stats().dropped === 15);
  expect(it.warnings.filter((warning) => warning.startsWith('spans were dropped'))).toHaveLength(1);
  hang.resolve(new Response(null));
  await exported(it, 30);
  expect(it.collector.spans).toHaveLength(30);
});

test('closing sends what waits and drops what comes later', async () => {
  const it = bench();
  it.exporter.offer(scheduledRuns(1_300));
  await it.exporter.close();
  expect(it.exporter.stats()).toMatchObject({ exported: 1_300, queued: 0, dropped: 0 });
  expect(it.collector.requests.length).toBe(3);
  it.exporter.offer(scheduledRuns(2));
  expect(it.exporter.stats().dropped).toBe(2);
});

test('closing waits for a dead collector for five seconds only', async () => {
  const it = bench({ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10' });
  it.collector.answers.push(() => new Promise<Response>(() => undefined));
  it.exporter.offer(scheduledRuns(15));
  await eventually(() => it.collector.requests.length === 1);
  const closed = it.exporter.close();
  it.clock.advance(5_000);
  await closed;
  expect(it.exporter.stats()).toMatchObject({ exported: 0, dropped: 15, queued: 0 });
});

test('texts that are no facts cost nothing but themselves', async () => {
  const it = bench();
  it.exporter.offer(['{', '"x"', '{"t":"news"}', ...scheduledRuns(1)]);
  await it.exporter.close();
  expect(it.exporter.stats()).toMatchObject({ exported: 1, dropped: 1 });
});
