/** The metrics that facts feed: what happened to runs, steps, calls and events (observability-ui.md §10). */

import {
  boundsOf,
  type CounterName,
  type FactTally,
  factCounters,
  factHistograms,
  type HistogramName,
} from '../history/tally.ts';
import { BucketHistogram } from './bucket_histogram.ts';
import { LabelBound } from './label_bound.ts';
import { Counter, type Registry } from './prom_client.ts';

/** Functions told apart; those that come after share the name `other`. */
export const functionsMax = 1_000;
/** Values of every other label: words of ours, and kinds of steps, which SDKs name. */
const wordsMax = 50;

interface Definition {
  readonly help: string;
  readonly labelNames: readonly string[];
}

const counters: Readonly<Record<CounterName, Definition>> = {
  [factCounters.eventsReceived]: {
    help: "Events that were accepted; internal ones are the server's own.",
    labelNames: ['internal'],
  },
  [factCounters.runsScheduled]: {
    help: 'Runs that were scheduled, those that were skipped at once among them.',
    labelNames: ['fn'],
  },
  [factCounters.runsStarted]: { help: 'Runs that started.', labelNames: ['fn'] },
  [factCounters.runsEnded]: {
    help: 'Runs that ended, by status: completed, failed, cancelled.',
    labelNames: ['fn', 'status'],
  },
  [factCounters.runsSkipped]: {
    help: 'Runs that were skipped, by reason.',
    labelNames: ['fn', 'reason'],
  },
  [factCounters.stepsEnded]: {
    help: 'Attempts of steps that ended, by kind and outcome: completed, errored (to be tried again), failed, timed_out, cancelled.',
    labelNames: ['kind', 'outcome'],
  },
  [factCounters.callsScheduled]: {
    help: 'Requests to apps that came due; counted when they are started.',
    labelNames: ['fn'],
  },
  [factCounters.callsStarted]: {
    help: 'Requests to apps that were started.',
    labelNames: ['fn'],
  },
  [factCounters.callsEnded]: {
    help: 'Requests to apps that ended, by status: success, errored (to be tried again), failed.',
    labelNames: ['fn', 'status'],
  },
};

const histograms: Readonly<Record<HistogramName, Definition>> = {
  [factHistograms.runDuration]: {
    help: 'Time from the scheduling of a run to its end, by status.',
    labelNames: ['status'],
  },
  [factHistograms.stepDuration]: {
    help: 'Time that steps took in the app, by kind.',
    labelNames: ['kind'],
  },
  [factHistograms.driverLatency]: {
    help: 'Time that requests to apps took, by outcome: success, errored, failed.',
    labelNames: ['outcome'],
  },
  [factHistograms.queueLatency]: {
    help: 'Time from when a request to an app was due to when it was started.',
    labelNames: [],
  },
};

export class FactMetrics {
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, BucketHistogram>();
  readonly #bounds = new Map<string, LabelBound>([['fn', new LabelBound(functionsMax)]]);

  constructor(registry: Registry) {
    for (const [name, { help, labelNames }] of Object.entries(counters)) {
      const registers = [registry];
      this.#counters.set(name, new Counter({ name, help, labelNames: [...labelNames], registers }));
    }
    for (const name of Object.values(factHistograms)) {
      const bounds = boundsOf[name];
      const options = { registry, name, bounds, ...histograms[name] };
      this.#histograms.set(name, new BucketHistogram(options));
    }
  }

  /** Cost: one step per entry, of which a batch of a thousand facts has a few dozen. */
  add(tally: FactTally): void {
    for (const { name, labels, count, sum, buckets } of tally) {
      const bounded = this.#bounded(labels);
      if (buckets === undefined) this.#counters.get(name)?.inc(bounded, count);
      else this.#histograms.get(name)?.add(bounded, { count, sum: sum ?? 0, buckets });
    }
  }

  #bounded(labels: Readonly<Record<string, string>>): Record<string, string> {
    const bounded: Record<string, string> = {};
    for (const [name, value] of Object.entries(labels))
      bounded[name] = this.#boundOf(name).of(value);
    return bounded;
  }

  #boundOf(label: string): LabelBound {
    const known = this.#bounds.get(label);
    if (known !== undefined) return known;
    const bound = new LabelBound(wordsMax);
    this.#bounds.set(label, bound);
    return bound;
  }
}
