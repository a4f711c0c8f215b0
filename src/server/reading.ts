/** History, the pump that brings facts to it, and those who wait for outputs. */
import { RunOutputs } from '../executor/run_outputs.ts';
import { freshHistory, readWaitMsMax } from '../history/fresh_history.ts';
import { OutboxPump } from '../history/outbox_pump.ts';
import type { Ground } from './ground.ts';

/** History and what leads to it. */
export function readingParts({ store, history, clock, log, gate, process, isShared }: Ground) {
  const reader = isShared ? process : '';
  const record = gate((facts: readonly string[]) => history.record(facts));
  const pump = new OutboxPump({ store, history: { record }, clock, log, reader, batchMax: 1_000 });
  const fresh = freshHistory(history, pump);
  const recorded = () => pump.idle(readWaitMsMax);
  const outputs = new RunOutputs({ clock, history, recorded });
  return { pump, fresh, outputs };
}

export type ReadingParts = ReturnType<typeof readingParts>;
