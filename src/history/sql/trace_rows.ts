/** What is kept of a run besides its row: one row a fact, the fact itself as JSON text without the run's id. */
import type { TraceFact } from '../fact.ts';
import { factKey } from './fact_key.ts';
import { encodePayload, storableText } from './payload.ts';
import type { DatabaseKind, Insertion, Row } from './source.ts';

export const traceInsertion: Insertion = {
  table: 'runFacts',
  columns: ['run_id', 'key', 'at_ms', 'fact'],
  onConflict: `(run_id, key) DO UPDATE SET at_ms = excluded.at_ms, fact = excluded.fact
    WHERE excluded.at_ms < kept.at_ms`,
};

interface Kept {
  readonly runId: string;
  readonly key: string;
  readonly fact: TraceFact;
  readonly text: string;
}

export class TraceRows {
  readonly #kept = new Map<string, Kept>();

  add(fact: TraceFact, text: string): void {
    const runId = storableText(fact.runId);
    const key = factKey(fact);
    const place = `${runId}\n${key}`;
    const known = this.#kept.get(place);
    if (known !== undefined && known.fact.atMs <= fact.atMs) return;
    this.#kept.set(place, { runId, key, fact, text });
  }

  rowsFor(kind: DatabaseKind): readonly Row[] {
    const rows: Row[] = [];
    for (const kept of this.#kept.values()) {
      if (this.#isSuperseded(kept)) continue;
      const { runId, key, fact, text } = kept;
      rows.push([runId, key, fact.atMs, encodePayload(kind, withoutRunId(fact, text))]);
    }
    return rows;
  }

  /** The end of a call says everything that its start did. */
  #isSuperseded({ runId, fact }: Kept): boolean {
    if (fact.t !== 'call.started') return false;
    return this.#kept.has(`${runId}\n${factKey({ ...fact, ...endOf })}`);
  }
}

/** What turns a call's start into something with the key of its end. */
const endOf = {
  t: 'call.ended',
  startedAtMs: 0,
  outcome: 'steps',
  requestId: '',
  url: '',
} as const;

/** The run's id is in the row already; our own facts have it right behind their kind. */
function withoutRunId(fact: TraceFact, text: string): string {
  const head = `{"t":"${fact.t}",`;
  const id = `"runId":${JSON.stringify(fact.runId)},`;
  return text.startsWith(head + id) ? head + text.slice(head.length + id.length) : text;
}
