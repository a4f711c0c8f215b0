/** Signals: resume the one run that waits for a name (sdk-http-protocol.md §4.4.4, §7.8). */
import { canonicalJson } from '../lib/canonical_json.ts';
import type { Clock } from '../lib/clock.ts';
import { asList, asNumber, asText } from '../store/reply_shape.ts';
import type { Store } from '../store/store.ts';
import { dataMemo } from './step_memo.ts';

export class SignalSender {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** `data` is JSON text. Null when nobody waits: signals are not kept. */
  async send(signal: string, data: string): Promise<{ runId: string } | null> {
    const value: unknown = JSON.parse(data);
    const output = dataMemo(canonicalJson({ signal, data: value }));
    const nowMs = this.clock.now();
    const reply = asList(await this.store.run('signal_send', [nowMs, signal, output]));
    await this.store.settled();
    return asNumber(reply[0]) === 1 ? { runId: asText(reply[1]) } : null;
  }
}
