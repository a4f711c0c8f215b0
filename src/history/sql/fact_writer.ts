/**
 * Turns facts into rows. Recording a fact again changes nothing, and the facts of a run give the same rows in
 * whatever order they come.
 */
import { internalPrefix } from '../../event/internal.ts';
import type { EventFact } from '../fact.ts';
import type { ReadFact } from '../fact_reading.ts';
import type { FactRejection } from '../history_error.ts';
import { encodePayload, storableText } from './payload.ts';
import { RunRows } from './run_rows.ts';
import {
  type DatabaseKind,
  type Insertion,
  type Row,
  RowsRefusedError,
  type SqlSink,
} from './source.ts';
import { TraceRows, traceInsertion } from './trace_rows.ts';

const eventInsertion: Insertion = {
  table: 'events',
  columns: ['internal_id', 'received_at_ms', 'name', 'is_internal', 'payload'],
  onConflict: 'DO NOTHING',
};

const runEventInsertion: Insertion = {
  table: 'runEvents',
  columns: ['event_id', 'run_id'],
  onConflict: 'DO NOTHING',
};

/**
 * Writes the facts in one transaction. Facts that the database refuses for what they hold are left out and named.
 * Throws when nothing was written.
 */
export async function writeFacts(
  sink: SqlSink,
  facts: readonly ReadFact[],
): Promise<readonly FactRejection[]> {
  if (facts.length === 0) return [];
  try {
    await writeAll(sink, facts);
    return [];
  } catch (error) {
    if (!(error instanceof RowsRefusedError)) throw error;
    const [only] = facts;
    if (only !== undefined && facts.length === 1) {
      return [{ index: only.index, reason: error.message }];
    }
    const half = facts.length >> 1;
    const first = await writeFacts(sink, facts.slice(0, half));
    return [...first, ...(await writeFacts(sink, facts.slice(half)))];
  }
}

async function writeAll(sink: SqlSink, facts: readonly ReadFact[]): Promise<void> {
  const groups = rowsOf(sink.kind, facts);
  await sink.transaction(async (transaction) => {
    for (const [insertion, rows] of groups) {
      if (rows.length > 0) await transaction.insert(insertion, rows);
    }
  });
}

/** Tables in one order and rows in the order of their keys, so that servers that share a database never lock crosswise. */
function rowsOf(
  kind: DatabaseKind,
  facts: readonly ReadFact[],
): readonly (readonly [Insertion, readonly Row[]])[] {
  const events = new Map<string, Row>();
  const runEvents = new Map<string, Row>();
  const runs = new RunRows();
  const traces = new TraceRows();
  for (const { fact, text, eventName } of facts) {
    switch (fact.t) {
      case 'event':
        putOnce(events, eventRow(kind, fact, eventName), 2);
        break;
      case 'run.scheduled':
        for (const eventId of fact.eventIds) {
          putOnce(runEvents, [storableText(eventId), storableText(fact.runId)], 2);
        }
        runs.add(fact);
        break;
      case 'run.started':
      case 'run.ended':
        runs.add(fact);
        break;
      default:
        traces.add(fact, text);
        runs.addTrace(fact);
    }
  }
  return [
    [eventInsertion, sorted([...events.values()])],
    ...[...runs.rowsFor(kind)].map(([insertion, rows]) => [insertion, sorted(rows)] as const),
    [runEventInsertion, sorted([...runEvents.values()])],
    [traceInsertion, sorted(traces.rowsFor(kind))],
  ];
}

function putOnce(rows: Map<string, Row>, row: Row, keyColumns: number): void {
  const key = row.slice(0, keyColumns).join('\n');
  if (!rows.has(key)) rows.set(key, row);
}

/** By their first two columns, which are the key or contain it. */
function sorted(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]));
}

function compare(a: Row[number] | undefined, b: Row[number] | undefined): number {
  if (a === b || a === null || b === null || a === undefined || b === undefined) return 0;
  return a < b ? -1 : 1;
}

function eventRow(kind: DatabaseKind, fact: EventFact, name: string): Row {
  const isInternal = name.startsWith(internalPrefix) ? 1 : 0;
  const payload = encodePayload(kind, fact.payload);
  return [
    storableText(fact.internalId),
    fact.receivedAtMs,
    storableText(name),
    isInternal,
    payload,
  ];
}
