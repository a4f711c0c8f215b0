/**
 * What spans need from facts before the one that ends them. Bounded: of a run or step that is not remembered any more,
 * a span says what its own fact says.
 */
import type { StepFact } from '../../history/fact.ts';
import { Lru } from '../../lib/lru.ts';
import type { CronTick } from './cron_tick.ts';

const runsMax = 20_000;
const stepsMax = 20_000;
const spansMax = 65_536;
/** A tick is needed until the next fact: the run that it starts. */
const ticksMax = 1_000;

export interface RunMemory {
  readonly functionId?: string;
  readonly appId?: string;
  readonly functionSlug?: string;
  readonly functionVersion?: number;
  readonly scheduledAtMs?: number;
  readonly startedAtMs?: number;
  /** An AI step was seen. */
  readonly hasAi?: boolean;
}

export interface StepMemory {
  /** When the server first heard of it. */
  readonly queuedAtMs?: number;
  /** When its first attempt began. */
  readonly startedAtMs?: number;
  readonly detail?: StepFact['detail'];
}

export class SpanMemory {
  readonly #runs = new Lru<string, RunMemory>(runsMax);
  readonly #steps = new Lru<string, StepMemory>(stepsMax);
  readonly #spans = new Lru<string, true>(spansMax);
  readonly #ticks = new Lru<string, CronTick>(ticksMax);

  run(runId: string): RunMemory {
    return this.#runs.get(runId) ?? {};
  }

  noteRun(runId: string, memory: RunMemory): void {
    this.#runs.set(runId, { ...this.#runs.get(runId), ...memory });
  }

  /** Of the event that a schedule sent. */
  tick(eventId: string): CronTick | undefined {
    return this.#ticks.get(eventId);
  }

  noteTick(eventId: string, tick: CronTick): void {
    this.#ticks.set(eventId, tick);
  }

  step(runId: string, stepId: string): StepMemory {
    return this.#steps.get(`${runId}:${stepId}`) ?? {};
  }

  noteStep(runId: string, stepId: string, memory: StepMemory): void {
    // What came first is when it began.
    this.#steps.set(`${runId}:${stepId}`, { ...memory, ...this.step(runId, stepId) });
  }

  /** False the second time: facts can be told twice. */
  isNew(spanId: string): boolean {
    if (this.#spans.has(spanId)) return false;
    this.#spans.set(spanId, true);
    return true;
  }
}
