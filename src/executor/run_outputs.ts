/** Where callers wait for the output of a run (sdk-http-protocol.md §7.7). */
import type { History, RunRecord } from '../history/history.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Store } from '../store/store.ts';
import type { Ending, EndStatus } from './run_ending.ts';

/** Ends that this process did not bring about are found in history, looked at this often. */
const lookEveryMs = 2_000;

/** Callers like to look their run up next; a history that is busy or away must not keep the output from them. */
const recordedMsMax = 250;

type Listener = (output: string) => void;

export class RunOutputs {
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(
    private readonly parts: {
      readonly store: Pick<Store, 'settled'>;
      readonly clock: Clock;
      readonly history: Pick<History, 'run'>;
      /** Resolves once history has what has happened so far. */
      readonly recorded: () => Promise<void>;
    },
  ) {}

  /** Tells those who wait for the run. */
  ended(runId: string, ending: Ending): void {
    const output = outputText(ending.output, ending.status);
    for (const listener of this.listeners.get(runId) ?? []) listener(output);
  }

  /** The output as JSON text once the run has ended; null when `signal` aborts first. */
  async output(runId: string, signal: AbortSignal): Promise<string | null> {
    const output = await this.firstOf(runId, signal);
    if (output === null) return null;
    // Whoever ended the run may tell of it before it is on disk.
    await this.parts.store.settled();
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
        this.unlisten(runId, settle);
        signal.removeEventListener('abort', giveUp);
        resolve(output);
      };
      const giveUp = (): void => settle(null);
      const look = async (): Promise<void> => {
        const output = await this.outputInHistory(runId);
        if (isOver) return;
        if (output !== null) return settle(output);
        timer = clock.at(clock.now() + lookEveryMs, look);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.listen(runId, settle);
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

  private listen(runId: string, listener: Listener): void {
    const listeners = this.listeners.get(runId) ?? new Set();
    this.listeners.set(runId, listeners.add(listener));
  }

  private unlisten(runId: string, listener: Listener): void {
    const listeners = this.listeners.get(runId);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.listeners.delete(runId);
  }
}

/** A cancelled run has no output; its caller is told why there is no answer. */
function outputText(output: string | null, status: EndStatus | RunRecord['status']): string {
  if (output !== null) return output;
  if (status !== 'Cancelled') return 'null';
  const message = 'the run was cancelled before it had a result';
  return JSON.stringify({ status: 'cancelled', message });
}
