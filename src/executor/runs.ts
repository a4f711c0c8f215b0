/** Runs as the doors ask for them: cancel, look at the queue items, fetch the state (`use_api`). */
import { loadRun } from '../state/run_state.ts';
import { asList, asNumber, asText } from '../store/reply_shape.ts';
import type { Store } from '../store/store.ts';
import { memos } from './call_request.ts';
import type { Terminator } from './terminator.ts';

const jobsMax = 1_000;
const jobFields = 5;

export interface RunJob {
  readonly jobId: string;
  readonly kind: string;
  readonly atMs: number;
  readonly attempt: number;
  readonly isRunning: boolean;
}

export class RunControl {
  constructor(
    private readonly store: Store,
    private readonly terminator: Terminator,
    /** Whether a run without state has ended, as opposed to never having been. */
    private readonly isKnown: (runId: string) => Promise<boolean>,
  ) {}

  async cancel(runId: string): Promise<'cancelled' | 'ended' | 'unknown'> {
    const outcome = await this.terminator.cancel(runId, null);
    if (outcome === 'ended') return 'cancelled';
    return (await this.isKnown(runId)) ? 'ended' : 'unknown';
  }

  async jobs(runId: string): Promise<readonly RunJob[]> {
    const reply = asList(await this.store.run('run_jobs', [runId, jobsMax]));
    const jobs: RunJob[] = [];
    for (let i = 0; i + jobFields <= reply.length; i += jobFields) {
      jobs.push({
        jobId: asText(reply[i]),
        kind: asText(reply[i + 1]),
        atMs: asNumber(reply[i + 2]),
        attempt: asNumber(reply[i + 3]),
        isRunning: asNumber(reply[i + 4]) === 1,
      });
    }
    return jobs.sort((a, b) => a.atMs - b.atMs);
  }

  /** The memo of a run that still has state, as a JSON object text. */
  async actions(runId: string): Promise<string | null> {
    const run = await loadRun(this.store, runId, { withSteps: true });
    if (run === null) return null;
    const order = new Map(run.stack.map((id, index) => [id, index]));
    // SDKs that get no stack take the order of the members for it.
    const entries = memos(run).sort(
      ([a], [b]) => (order.get(a) ?? order.size) - (order.get(b) ?? order.size),
    );
    return `{${entries.map(([id, value]) => `${JSON.stringify(id)}:${value}`).join(',')}}`;
  }

  async batch(runId: string): Promise<string | null> {
    const run = await loadRun(this.store, runId, { withSteps: false });
    return run?.events ?? null;
  }
}
