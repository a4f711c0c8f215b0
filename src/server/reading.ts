/** History, the pump that brings facts to it, what it keeps for how long, and those who wait for outputs. */
import { RunOutputs } from '../executor/run_outputs.ts';
import { freshHistory, readWaitMsMax } from '../history/fresh_history.ts';
import type { History } from '../history/history.ts';
import { FactsRejectedError } from '../history/history_error.ts';
import { OutboxPump } from '../history/outbox_pump.ts';
import { ReadWatch } from '../history/read_watch.ts';
import { RetentionKeeper } from '../history/retention.ts';
import type { OtlpExporter } from '../trace/otlp/exporter.ts';
import type { Ground } from './ground.ts';

/** History and what leads to it. */
export function readingParts(ground: Ground) {
  const { store, exporter, clock, log, gate, process, isShared, settings } = ground;
  const reads = new ReadWatch(ground.history, clock);
  const history = reads.watched();
  const reader = isShared ? process : '';
  const record = gate((facts: readonly string[]) => recordAndExport(history, exporter, facts));
  const pump = new OutboxPump({ store, history: { record }, clock, log, reader, batchMax: 1_000 });
  const fresh = freshHistory(history, pump);
  const recorded = () => pump.idle(readWaitMsMax);
  const outputs = new RunOutputs({ clock, history, recorded });
  const retention = new RetentionKeeper({ history, retention: settings.retention, clock, log });
  return { pump, fresh, outputs, retention, reads };
}

export type ReadingParts = ReturnType<typeof readingParts>;

/** A collector hears of what history has; of facts that history left out it makes what it can. */
async function recordAndExport(
  history: Pick<History, 'record'>,
  exporter: OtlpExporter | null,
  facts: readonly string[],
): Promise<void> {
  try {
    await history.record(facts);
  } catch (error) {
    if (!(error instanceof FactsRejectedError)) throw error;
    exporter?.offer(facts);
    throw error;
  }
  exporter?.offer(facts);
}
