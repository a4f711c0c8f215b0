/** Signals: resume the one run that waits for a name (sdk-http-protocol.md §4.4.4, §7.8). */
import { canonicalJson } from '../lib/canonical_json.ts';
import type { Clock } from '../lib/clock.ts';
import { resolvePauses } from '../pause/pause.ts';
import { asList, asText } from '../store/reply_shape.ts';
import type { Store } from '../store/store.ts';
import { waitEndFact } from './step_fact.ts';
import { dataMemo } from './step_memo.ts';

/** A wait can end between being found and being resolved; another may have begun by then. */
const attemptsMax = 5;

export class SignalSender {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** `data` is JSON text. Null when nobody waits: signals are not kept. */
  async send(signal: string, data: string): Promise<{ runId: string } | null> {
    const value: unknown = JSON.parse(data);
    const output = dataMemo(canonicalJson({ signal, data: value }));
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const found = asList(await this.store.run('signal_find', [this.clock.now(), signal]));
      if (found.length === 0) break;
      const [pauseId = '', runId = '', stepId = '', name = ''] = found.map(asText);
      if (await this.resolve({ pauseId, runId, stepId, name, output })) return { runId };
    }
    return null;
  }

  private async resolve(wait: {
    readonly pauseId: string;
    readonly runId: string;
    readonly stepId: string;
    readonly name: string;
    readonly output: string;
  }): Promise<boolean> {
    const { pauseId, ...step } = wait;
    const nowMs = this.clock.now();
    const fact = waitEndFact({ ...step, kind: 'waitForSignal', status: 'Completed', nowMs });
    const resolution = { pauseId, output: wait.output, fact };
    const [isResolved] = await resolvePauses(this.store, nowMs, [resolution]);
    return isResolved === true;
  }
}
