/** Reads what happened in a run. */
import type { StepStatus, TraceFact } from '../fact.ts';
import { decodePayload, storableText } from './payload.ts';
import type { SqlSource } from './source.ts';
import { tablesOf } from './tables.ts';

/** A run has at most 10 000 steps (http-api.md §14), most of them with four facts, and spans of its own besides. */
const factsOfRunMax = 60_000;

interface FactRow {
  readonly key: string;
  readonly fact: string | Uint8Array;
}

/**
 * In order of time; in the same millisecond in the order in which things happen to a step. The start of a call that
 * has ended is left out: its end says the same.
 */
export async function readFacts(db: SqlSource, runId: string): Promise<readonly TraceFact[]> {
  const rows = await db.all<FactRow>(
    `SELECT key, fact FROM ${tablesOf(db).runFacts} WHERE run_id = $1
     ORDER BY at_ms, key LIMIT $2`,
    [storableText(runId), factsOfRunMax],
  );
  const facts = rows.map((row) => toFact(runId, row));
  const ended = new Set(facts.flatMap((fact) => (fact.t === 'call.ended' ? [fact.callId] : [])));
  return facts
    .filter((fact) => fact.t !== 'call.started' || !ended.has(fact.callId))
    .sort((a, b) => a.atMs - b.atMs || rankOf(a) - rankOf(b));
}

/** The writer has checked the text before it kept it. */
function toFact(runId: string, row: FactRow): TraceFact {
  const fact: Omit<TraceFact, 'runId'> = JSON.parse(decodePayload(row.fact));
  return { runId, ...fact } as TraceFact;
}

const stepRanks: Readonly<Partial<Record<StepStatus, number>>> = {
  Queued: 1,
  Running: 2,
  Sleeping: 3,
  Waiting: 3,
  Invoking: 3,
  Errored: 4,
};

function rankOf(fact: TraceFact): number {
  switch (fact.t) {
    case 'call.started':
      return 0;
    case 'step':
      return stepRanks[fact.status] ?? 5;
    case 'call.ended':
      return 6;
    case 'userland':
      return 7;
    case 'metadata':
      return 8;
  }
}
