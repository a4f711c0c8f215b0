/** What Prometheus is told, and that it understands it. */
import { describe, expect, test } from 'bun:test';
import type { Fact } from '../../src/history/fact.ts';
import { type FactTally, tallyOf } from '../../src/history/tally.ts';
import { functionsMax } from '../../src/metrics/fact_metrics.ts';
import { createMetrics, type Metrics } from '../../src/metrics/metrics.ts';
import type { Sources } from '../../src/metrics/sources.ts';
import {
  type Exposition,
  hasPromtool,
  parseExposition,
  promtoolRemarks,
} from './prometheus_text.ts';

const warnings: string[] = [];
const log = { warn: (text: string) => void warnings.push(text) };

const everything: Sources = {
  version: '1.2.3',
  store: 'embedded',
  history: 'sqlite',
  queueDepth: async () => ({ due: 5, scheduled: 70, limited: 3, running: 2 }),
  lanes: () => [
    { lane: 'calls', busy: 4, workers: 100 },
    { lane: 'system', busy: 1, workers: 32 },
  ],
  outbox: () => ({ backlog: 17, failures: 2 }),
  historyBytes: async () => 4_096,
  otlp: () => ({ exported: 10, dropped: 1, queued: 3 }),
  http: () => ({ requests: 6, webSockets: 2 }),
};

const metricsOf = (sources: Partial<Sources> = {}): Metrics =>
  createMetrics({ version: '1.2.3', ...sources }, log);
const read = async (metrics: Metrics): Promise<Exposition> => parseExposition(await metrics.text());

const call = {
  ...{ runId: 'r', callId: 'start#0', group: 'start', attempt: 0, attemptsMax: 4 },
  ...{ functionSlug: 'shop-charge', dueAtMs: 1_000 },
};
const facts: readonly Fact[] = [
  { t: 'event', internalId: 'e', receivedAtMs: 1, payload: '{"name":"order/placed"}' },
  { t: 'run.started', runId: 'r', atMs: 1_020, functionSlug: 'shop-charge' },
  { t: 'call.started', ...call, atMs: 1_020 },
  {
    ...{ t: 'call.ended', ...call, atMs: 1_320, startedAtMs: 1_020, outcome: 'steps' },
    ...{ requestId: 'q', url: 'http://localhost' },
  },
  {
    ...{ t: 'step', runId: 'r', stepId: 's', name: 's', kind: 'run', status: 'Completed' },
    ...{ attempt: 0, atMs: 1_320, durationMs: 250 },
  },
  { t: 'run.ended', runId: 'r', atMs: 1_400, status: 'Completed', functionSlug: 'shop-charge' },
];

/** Metrics that have seen some of everything. */
function busy(): Metrics {
  const metrics = metricsOf(everything);
  metrics.addTally(tallyOf(facts));
  metrics.observeCommit(0.7);
  metrics.countRequest('POST', '/e/:key', 200);
  return metrics;
}

describe('what is told', () => {
  test('runs, steps, calls and events by the names of the original and by ours', async () => {
    const { value } = await read(busy());
    const fn = 'shop-charge';
    expect(value('inngest_function_run_started_total', { fn })).toBe(1);
    expect(value('inngest_function_run_ended_total', { fn, status: 'completed' })).toBe(1);
    expect(value('inngest_sdk_req_scheduled_total', { fn })).toBe(1);
    expect(value('inngest_sdk_req_started_total', { fn })).toBe(1);
    expect(value('inngest_sdk_req_ended_total', { fn, status: 'success' })).toBe(1);
    expect(value('inngest_steps_ended_total', { kind: 'run', outcome: 'completed' })).toBe(1);
    expect(value('inngest_events_received_total', { internal: 'false' })).toBe(1);
  });

  test('durations in seconds, in cumulated buckets', async () => {
    const metrics = busy();
    metrics.addTally(tallyOf(facts));
    const { value, types } = await read(metrics);
    const bucket = (le: string) => value('inngest_queue_latency_seconds_bucket', { le });
    expect([bucket('0.01'), bucket('0.025'), bucket('7200'), bucket('+Inf')]).toEqual([0, 2, 2, 2]);
    expect(value('inngest_queue_latency_seconds_sum')).toBeCloseTo(0.04);
    expect(value('inngest_queue_latency_seconds_count')).toBe(2);
    expect(value('inngest_driver_latency_seconds_sum', { outcome: 'success' })).toBeCloseTo(0.6);
    expect(value('inngest_step_duration_seconds_sum', { kind: 'run' })).toBeCloseTo(0.5);
    expect(types.get('inngest_queue_latency_seconds')).toBe('histogram');
  });

  test('how long commits took', async () => {
    const metrics = metricsOf();
    for (const ms of [0.05, 0.7, 0.7, 12_000, -3]) metrics.observeCommit(ms);
    const { value } = await read(metrics);
    const bucket = (le: string) => value('inngest_store_commit_seconds_bucket', { le });
    expect([bucket('0.0001'), bucket('0.001'), bucket('10'), bucket('+Inf')]).toEqual([2, 4, 4, 5]);
    expect(value('inngest_store_commit_seconds_sum')).toBeCloseTo(12.00145);
  });

  test('what the parts say of themselves when they are asked', async () => {
    const { value } = await read(busy());
    expect(value('inngest_queue_depth')).toBe(80);
    expect(value('inngest_queue_items', { state: 'due' })).toBe(5);
    expect(value('inngest_queue_items', { state: 'limited' })).toBe(3);
    expect(value('inngest_workers_busy', { lane: 'calls' })).toBe(4);
    expect(value('inngest_workers_limit', { lane: 'system' })).toBe(32);
    expect(value('inngest_outbox_facts')).toBe(17);
    expect(value('inngest_history_write_failures_total')).toBe(2);
    expect(value('inngest_history_bytes')).toBe(4_096);
    expect(value('inngest_otlp_spans_total', { outcome: 'dropped' })).toBe(1);
    expect(value('inngest_otlp_spans_queued')).toBe(3);
    expect(value('inngest_http_requests_in_flight')).toBe(6);
    expect(value('inngest_websockets_open')).toBe(2);
    const request = { method: 'POST', route: '/e/:key', status: '200' };
    expect(value('inngest_http_requests_total', request)).toBe(1);
  });

  test('what the process uses', async () => {
    const metrics = metricsOf();
    await metrics.text();
    const { value, samples } = await read(metrics);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    expect(value('process_cpu_seconds_total')).toBeGreaterThan(0);
    const startedSeconds = value('process_start_time_seconds') ?? 0;
    expect(Math.abs(Date.now() / 1000 - process.uptime() - startedSeconds)).toBeLessThan(5);
    // The event loop is watched from the first scrape on.
    const lag = samples.filter(({ name }) => name === 'inngest_event_loop_lag_seconds');
    expect(lag.map(({ labels }) => labels.stat)).toEqual(['max', 'p99', 'mean']);
    if (process.platform !== 'linux') return;
    expect(value('process_open_fds')).toBeGreaterThan(2);
    expect(value('process_max_fds')).toBeGreaterThan(value('process_open_fds') ?? 0);
  });

  test('which build runs', async () => {
    const { samples } = await read(busy());
    const info = samples.find(({ name }) => name === 'inngest_build_info');
    expect(info?.value).toBe(1);
    expect(info?.labels).toEqual({
      version: '1.2.3',
      bun: process.versions.bun ?? '',
      store: 'embedded',
      history: 'sqlite',
    });
  });
});

describe('bounds', () => {
  const started = (fn: string): FactTally => [
    { name: 'inngest_function_run_started_total', labels: { fn }, count: 1 },
  ];

  test('functions beyond the first thousand share a name, those that are known keep theirs', async () => {
    const metrics = metricsOf();
    for (let i = 0; i < functionsMax + 25; i += 1) metrics.addTally(started(`fn-${i}`));
    metrics.addTally(started('fn-0'));
    metrics.addTally(started(`fn-${functionsMax}`));
    const { samples, value } = await read(metrics);
    const own = samples.filter(({ name }) => name === 'inngest_function_run_started_total');
    expect(own.length).toBe(functionsMax + 1);
    expect(value('inngest_function_run_started_total', { fn: 'fn-0' })).toBe(2);
    expect(value('inngest_function_run_started_total', { fn: 'other' })).toBe(26);
  });

  test('kinds of steps, which SDKs name, are bounded too', async () => {
    const metrics = metricsOf();
    for (let i = 0; i < 500; i += 1) {
      const labels = { kind: `kind-${i}`, outcome: 'completed' };
      metrics.addTally([{ name: 'inngest_steps_ended_total', labels, count: 1 }]);
    }
    const { samples } = await read(metrics);
    const own = samples.filter(({ name }) => name === 'inngest_steps_ended_total');
    expect(own.length).toBeLessThan(60);
    expect(own.reduce((sum, { value }) => sum + value, 0)).toBe(500);
  });

  test('a method that is none is not told by its name', async () => {
    const metrics = metricsOf();
    metrics.countRequest('BREW', '/e/:key', 405);
    const { value } = await read(metrics);
    const labels = { method: 'other', route: '/e/:key', status: '405' };
    expect(value('inngest_http_requests_total', labels)).toBe(1);
  });

  test('the depth of the queue stays within what the original reports', async () => {
    const many = { due: 3e9, scheduled: 0, limited: 0, running: 0 };
    const { value } = await read(metricsOf({ queueDepth: async () => many }));
    expect(value('inngest_queue_depth')).toBe(1e9);
    const none = { due: -4, scheduled: 0, limited: 0, running: 0 };
    const other = await read(metricsOf({ queueDepth: async () => none }));
    expect(other.value('inngest_queue_depth')).toBe(0);
  });

  test('names with quotes, backslashes and line breaks arrive as they are', async () => {
    const metrics = metricsOf();
    const fn = 'a"b\\c\nd';
    metrics.addTally(started(fn));
    const { value } = await read(metrics);
    expect(value('inngest_function_run_started_total', { fn })).toBe(1);
  });
});

describe('when something is away', () => {
  test('its metric has no value, the others have, and the log says so once', async () => {
    warnings.length = 0;
    let isAway = true;
    const metrics = metricsOf({
      ...everything,
      historyBytes: () => {
        if (isAway) throw new Error('the database is away');
        return 1;
      },
    });
    await metrics.text();
    const without = await read(metrics);
    expect(without.value('inngest_history_bytes')).toBeUndefined();
    expect(without.value('inngest_outbox_facts')).toBe(17);
    expect(warnings.length).toBe(1);
    isAway = false;
    expect((await read(metrics)).value('inngest_history_bytes')).toBe(1);
  });

  test('parts that are not there have no metrics', async () => {
    const { types } = await read(metricsOf());
    expect(types.has('inngest_queue_depth')).toBe(false);
    expect(types.has('inngest_otlp_spans_queued')).toBe(false);
  });

  test('scrapes at the same time share one look at the queue', async () => {
    let looks = 0;
    const metrics = metricsOf({
      queueDepth: async () => {
        looks += 1;
        return { due: 0, scheduled: 0, limited: 0, running: 0 };
      },
    });
    await Promise.all([metrics.text(), metrics.text(), metrics.text()]);
    expect(looks).toBe(1);
    await metrics.text();
    expect(looks).toBe(2);
  });
});

test('two servers in one process do not count each other', async () => {
  const [one, other] = [metricsOf(), metricsOf()];
  one.observeCommit(1);
  expect((await read(one)).value('inngest_store_commit_seconds_count')).toBe(1);
  expect((await read(other)).value('inngest_store_commit_seconds_count')).toBe(0);
});

test('every metric has a help text, a kind and a name in the style of Prometheus', async () => {
  const { types, helps } = await read(busy());
  expect(types.size).toBeGreaterThan(30);
  expect([...helps.keys()]).toEqual([...types.keys()]);
  for (const [name, type] of types) {
    expect(name).toMatch(/^(inngest|process)_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toEndWith('_seconds');
  }
});

test.if(hasPromtool)(
  `promtool finds nothing wrong${hasPromtool ? '' : ' (left out: promtool of the Debian package prometheus is not there)'}`,
  async () => {
    const metrics = busy();
    await metrics.text();
    expect(await promtoolRemarks(await metrics.text())).toBe('');
    expect(await promtoolRemarks(await metricsOf().text())).toBe('');
  },
);
