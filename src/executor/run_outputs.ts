/** Where callers wait for the output of a run (sdk-http-protocol.md §7.7). */
import type { History, RunRecord } from '../history/history.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Ending, EndStatus } from './run_ending.ts';

/** Ends that this process did not bring about are found in history, looked at this often. */
const lookEveryMs = 2_000;

/** Callers like to look their run up next; a history that is busy or away must not keep the output from them. */
const recordedMsMax = 250;

interface Waiter {
  settle(output: string | null): void;
  /** Looks at history now. */
  look(): Promise<void>;
}

export class RunOutputs {
  private readonly waiters = new Map<string, Set<Waiter>>();

  constructor(
    private readonly parts: {
      readonly clock: Clock;
      readonly history: Pick<History, 'run'>;
      /** Resolves once history has what has happened so far. */
      readonly recorded: () => Promise<void>;
    },
  ) {}

  /** Tells those who wait for the run. */
  ended(runId: string, ending: Ending): void {
    const output = outputText(ending.output, ending.status);
    for (const waiter of this.waiters.get(runId) ?? []) waiter.settle(output);
  }

  /** A run has ended, perhaps by another process: looks at once for those who wait for it. */
  async look(runId: string): Promise<void> {
    if (!this.waiters.has(runId)) return;
    await this.recorded();
    for (const waiter of this.waiters.get(runId) ?? []) await waiter.look();
  }

  /** The output as JSON text once the run has ended; null when `signal` aborts first. */
  async output(runId: string, signal: AbortSignal): Promise<string | null> {
    const output = await this.firstOf(runId, signal);
    if (output === null) return null;
    await this.recorded();
    return output;
  }

  private async recorded(): Promise<void> {
    const { clock, recorded } = this.parts;
    let timer: Timer | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = clock.at(clock.now() + recordedMsMax, resolve);
    });
    try {
      await Promise.race([recorded(), enough]);
    } finally {
      timer?.cancel();
    }
  }

  private firstOf(runId: string, signal: AbortSignal): Promise<string | null> {
    const { clock } = this.parts;
    if (signal.aborted) return Promise.resolve(null);
    return new Promise((resolve) => {
      let isOver = false;
      let timer: Timer | undefined;
      const settle = (output: string | null): void => {
        isOver = true;
        timer?.cancel();
        this.remove(runId, waiter);
        signal.removeEventListener('abort', giveUp);
        resolve(output);
      };
      const giveUp = (): void => settle(null);
      const look = async (): Promise<void> => {
        const output = await this.outputInHistory(runId);
        if (isOver) return;
        if (output !== null) return settle(output);
        timer?.cancel();
        timer = clock.at(clock.now() + lookEveryMs, look);
      };
      const waiter: Waiter = { settle, look };
      signal.addEventListener('abort', giveUp, { once: true });
      this.add(runId, waiter);
      void look();
    });
  }

  private async outputInHistory(runId: string): Promise<string | null> {
    let run: RunRecord | null;
    try {
      run = await this.parts.history.run(runId);
    } catch {
      // The pump reports that history is away; the next look may find it back.
      return null;
    }
    return run === null || run.endedAtMs === null ? null : outputText(run.output, run.status);
  }

  private add(runId: string, waiter: Waiter): void {
    const waiters = this.waiters.get(runId) ?? new Set();
    this.waiters.set(runId, waiters.add(waiter));
  }

  private remove(runId: string, waiter: Waiter): void {
    const waiters = this.waiters.get(runId);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.waiters.delete(runId);
  }
}

/** A cancelled run has no output; its caller is told why there is no answer. */
function outputText(output: string | null, status: EndStatus | RunRecord['status']): string {
  if (output !== null) return output;
  if (status !== 'Cancelled') return 'null';
  const message = 'the run was cancelled before it had a result';
  return JSON.stringify({ status: 'cancelled', message });
}
