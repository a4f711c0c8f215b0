/** Rows of history for tests. */
import type { RunRecord } from '../../src/history/history.ts';

export function runRecord(fields: Partial<RunRecord> & Pick<RunRecord, 'runId'>): RunRecord {
  return {
    functionId: 'fn-1',
    functionVersion: 3,
    functionSlug: 'shop-charge',
    functionName: 'Charge',
    appId: 'app-1',
    appName: 'shop',
    eventIds: ['01KDVDNA00AA49AYCKF6M4XDQZ'],
    eventName: 'order/placed',
    status: 'Running',
    scheduledAtMs: 1_767_225_600_000,
    startedAtMs: 1_767_225_600_001,
    endedAtMs: null,
    output: null,
    cron: null,
    batchId: null,
    originalRunId: null,
    replayId: null,
    isDeferred: false,
    hasAi: false,
    links: [],
    skipReason: null,
    skipExistingRunId: null,
    ...fields,
  };
}
