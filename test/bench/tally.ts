/** What the bench app executed, and when: exact counts per batch of runs, in typed arrays. */

/** Wall-clock time with the resolution of the monotonic clock; comparable between processes of one machine. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}

export interface BatchShape {
  readonly id: string;
  readonly runs: number;
  readonly stepsPerRun: number;
}

export interface BatchReport {
  /** Time of the first execution of each run. */
  readonly firstAt: readonly number[];
  /** Time at which each run's function returned. */
  readonly endAt: readonly number[];
  /** Executions that were not exactly one: `run 7 step 3: 2`. At most 20 of them. */
  readonly miscounted: readonly string[];
}

const miscountedMax = 20;

export class Tally {
  private readonly stepCounts: Uint16Array;
  private readonly endCounts: Uint16Array;
  private readonly firstAt: Float64Array;
  private readonly endAt: Float64Array;
  private ended = 0;
  private waiters: { readonly count: number; readonly done: () => void }[] = [];

  constructor(private readonly shape: BatchShape) {
    this.stepCounts = new Uint16Array(shape.runs * shape.stepsPerRun);
    this.endCounts = new Uint16Array(shape.runs);
    this.firstAt = new Float64Array(shape.runs);
    this.endAt = new Float64Array(shape.runs);
  }

  started(run: number): void {
    if (this.firstAt[run] === 0) this.firstAt[run] = preciseNow();
  }

  executed(run: number, step: number): void {
    const cell = run * this.shape.stepsPerRun + step;
    this.stepCounts[cell] = (this.stepCounts[cell] ?? 0) + 1;
  }

  returned(run: number): void {
    this.endCounts[run] = (this.endCounts[run] ?? 0) + 1;
    if (this.endCounts[run] !== 1) return;
    this.endAt[run] = preciseNow();
    this.ended++;
    const ready = this.waiters.filter(({ count }) => count <= this.ended);
    this.waiters = this.waiters.filter(({ count }) => count > this.ended);
    for (const { done } of ready) done();
  }

  /** Resolves once that many runs have returned. */
  whenEnded(count: number): Promise<void> {
    if (this.ended >= count) return Promise.resolve();
    return new Promise((done) => {
      this.waiters.push({ count, done });
    });
  }

  report(): BatchReport {
    const miscounted: string[] = [];
    for (let run = 0; run < this.shape.runs && miscounted.length < miscountedMax; run++) {
      if (this.endCounts[run] !== 1)
        miscounted.push(`run ${run}: returned ${this.endCounts[run]} times`);
      for (let step = 0; step < this.shape.stepsPerRun; step++) {
        const count = this.stepCounts[run * this.shape.stepsPerRun + step];
        if (count !== 1) miscounted.push(`run ${run} step ${step}: ${count} times`);
      }
    }
    return {
      firstAt: [...this.firstAt],
      endAt: [...this.endAt],
      miscounted: miscounted.slice(0, miscountedMax),
    };
  }
}
