/**
 * What a batch of facts adds to the metrics: counts, and durations that are already in their buckets. The writer's
 * thread makes one per batch, so that the main thread adds a few numbers instead of reading every fact.
 */
import { internalPrefix } from '../event/internal.ts';
import {
  type CallEndedFact,
  type EventFact,
  type Fact,
  isMemoized,
  type RunEndedFact,
  type StepFact,
  type StepStatus,
} from './fact.ts';

/** What one metric gained under one set of labels. Plain data: it goes from thread to thread. */
export interface TallyEntry {
  readonly name: CounterName | HistogramName;
  readonly labels: Readonly<Record<string, string>>;
  /** Of a histogram: how many durations. */
  readonly count: number;
  /** Of a histogram: seconds together. */
  readonly sum?: number;
  /** Of a histogram: durations in each bucket alone, those above the last bound at the end. */
  readonly buckets?: readonly number[];
}

export type FactTally = readonly TallyEntry[];

export const factCounters = {
  eventsReceived: 'inngest_events_received_total',
  runsScheduled: 'inngest_function_run_scheduled_total',
  runsStarted: 'inngest_function_run_started_total',
  runsEnded: 'inngest_function_run_ended_total',
  runsSkipped: 'inngest_function_run_skipped_total',
  stepsEnded: 'inngest_steps_ended_total',
  callsScheduled: 'inngest_sdk_req_scheduled_total',
  callsStarted: 'inngest_sdk_req_started_total',
  callsEnded: 'inngest_sdk_req_ended_total',
} as const;

export const factHistograms = {
  runDuration: 'inngest_function_run_duration_seconds',
  stepDuration: 'inngest_step_duration_seconds',
  driverLatency: 'inngest_driver_latency_seconds',
  queueLatency: 'inngest_queue_latency_seconds',
} as const;

export type CounterName = (typeof factCounters)[keyof typeof factCounters];
export type HistogramName = (typeof factHistograms)[keyof typeof factHistograms];

/** Seconds that an app or the server needs: from a fast loopback call to the longest step (2 h). */
const latencyBounds = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200,
];
/** Seconds of whole runs, which may sleep for weeks. */
const runBounds = [
  0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 3600, 21_600, 86_400, 604_800,
];

/** Upper bounds of each histogram's buckets, in seconds, rising. */
export const boundsOf: Readonly<Record<HistogramName, readonly number[]>> = {
  [factHistograms.runDuration]: runBounds,
  [factHistograms.stepDuration]: latencyBounds,
  [factHistograms.driverLatency]: latencyBounds,
  [factHistograms.queueLatency]: latencyBounds,
};

/** What a function is called when a fact of an older server does not name it (observability-ui.md §10). */
const unknownFunction = 'unknown';

/** How a step or one of its attempts ended; absent for those that go on. */
const stepOutcomes: Readonly<Partial<Record<StepStatus, string>>> = {
  Completed: 'completed',
  Errored: 'errored',
  Failed: 'failed',
  TimedOut: 'timed_out',
  Cancelled: 'cancelled',
};

/** Never more entries than a few per fact. Facts that are recorded twice, after a crash, count twice. */
export function tallyOf(facts: readonly Fact[]): FactTally {
  const tally = new TallySheet();
  for (const fact of facts) addFact(tally, fact);
  return tally.entries();
}

function addFact(tally: TallySheet, fact: Fact): void {
  switch (fact.t) {
    case 'event':
      tally.add(factCounters.eventsReceived, { internal: String(isInternal(fact)) });
      break;
    case 'run.scheduled':
      tally.add(factCounters.runsScheduled, { fn: fnOf(fact) });
      break;
    case 'run.started':
      tally.add(factCounters.runsStarted, { fn: fnOf(fact) });
      break;
    case 'run.ended':
      addRunEnd(tally, fact);
      break;
    case 'step':
      addStep(tally, fact);
      break;
    case 'call.started':
      // No fact tells that a call was put into the queue.
      tally.add(factCounters.callsScheduled, { fn: fnOf(fact) });
      tally.add(factCounters.callsStarted, { fn: fnOf(fact) });
      tally.observe(factHistograms.queueLatency, {}, fact.atMs - fact.dueAtMs);
      break;
    case 'call.ended':
      addCallEnd(tally, fact);
      break;
    case 'defer':
    case 'userland':
    case 'metadata':
      break;
  }
}

function addRunEnd(tally: TallySheet, fact: RunEndedFact): void {
  const fn = fnOf(fact);
  if (fact.status === 'Skipped') {
    tally.add(factCounters.runsSkipped, { fn, reason: fact.skipReason ?? 'unknown' });
    return;
  }
  const status = fact.status.toLowerCase();
  tally.add(factCounters.runsEnded, { fn, status });
  if (fact.scheduledAtMs !== undefined)
    tally.observe(factHistograms.runDuration, { status }, fact.atMs - fact.scheduledAtMs);
}

function addStep(tally: TallySheet, fact: StepFact): void {
  const { kind, status, durationMs } = fact;
  const outcome = stepOutcomes[status];
  if (outcome === undefined || isMemoized(fact)) return;
  tally.add(factCounters.stepsEnded, { kind, outcome });
  if (durationMs !== undefined) tally.observe(factHistograms.stepDuration, { kind }, durationMs);
}

function addCallEnd(tally: TallySheet, fact: CallEndedFact): void {
  const isError = fact.outcome === 'error';
  const status = !isError ? 'success' : fact.isFinal === true ? 'failed' : 'errored';
  tally.add(factCounters.callsEnded, { fn: fnOf(fact), status });
  const tookMs = fact.atMs - fact.startedAtMs;
  tally.observe(factHistograms.driverLatency, { outcome: status }, tookMs);
}

function fnOf({ functionSlug }: { readonly functionSlug?: string }): string {
  return functionSlug === undefined || functionSlug === '' ? unknownFunction : functionSlug;
}

/** As internal names look in canonical JSON; a payload may also say so deeper down. */
const internalName = `"name":"${internalPrefix}`;

function isInternal({ payload }: EventFact): boolean {
  // Most payloads need no parsing: canonical JSON has one spelling of that member.
  if (!payload.includes(internalName)) return false;
  try {
    const event: unknown = JSON.parse(payload);
    const name = typeof event === 'object' && event !== null && 'name' in event && event.name;
    return typeof name === 'string' && name.startsWith(internalPrefix);
  } catch {
    return false;
  }
}

interface OpenEntry {
  readonly name: TallyEntry['name'];
  readonly labels: Readonly<Record<string, string>>;
  count: number;
  sum?: number;
  readonly buckets?: number[];
}

class TallySheet {
  readonly #entries = new Map<string, OpenEntry>();

  add(name: CounterName, labels: Readonly<Record<string, string>>): void {
    this.#entryOf(name, labels).count += 1;
  }

  /** A duration; clocks that disagree may make it negative, which counts as none. */
  observe(name: HistogramName, labels: Readonly<Record<string, string>>, durationMs: number): void {
    const bounds = boundsOf[name];
    const seconds = Math.max(0, durationMs / 1000);
    const entry = this.#entryOf(name, labels, bounds.length + 1);
    entry.count += 1;
    entry.sum = (entry.sum ?? 0) + seconds;
    const bucket = bucketOf(bounds, seconds);
    if (entry.buckets !== undefined) entry.buckets[bucket] = (entry.buckets[bucket] ?? 0) + 1;
  }

  entries(): FactTally {
    return [...this.#entries.values()];
  }

  #entryOf(
    name: TallyEntry['name'],
    labels: Readonly<Record<string, string>>,
    buckets = 0,
  ): OpenEntry {
    const key = `${name}\n${Object.values(labels).join('\n')}`;
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const parts = buckets > 0 ? { buckets: new Array<number>(buckets).fill(0) } : {};
    const entry: OpenEntry = { name, labels, count: 0, ...parts };
    this.#entries.set(key, entry);
    return entry;
  }
}

/** The first bucket whose bound is not below the value; one past the last bound when all are. */
export function bucketOf(bounds: readonly number[], value: number): number {
  const index = bounds.findIndex((bound) => value <= bound);
  return index < 0 ? bounds.length : index;
}
