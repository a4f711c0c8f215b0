import { expect, test } from 'bun:test';
import { callRequest } from '../../src/executor/call_request.ts';
import type { Edge } from '../../src/executor/edge.ts';
import type { AppId, FunctionDefinition, FunctionId } from '../../src/function/definition.ts';
import type { LeasedItem } from '../../src/queue/item.ts';
import type { RunState } from '../../src/state/run_state.ts';
import { sampleMetadata } from '../state/sample_run.ts';

const item: LeasedItem = {
  ...{ id: 'r.start', partition: 'fn-1', leaseToken: 't', kind: 'start', runId: 'r', atMs: 0 },
  ...{ attempt: 0, attemptsMax: 1, generation: 0, scavenged: 0, data: '', cursor: 0 },
};
const edge: Edge = { functionId: 'fn-1', scheduledAtMs: 0 };
const fn: FunctionDefinition = {
  // Ids of a sample: nothing looks them up.
  ...{ id: 'fn-1' as FunctionId, appId: 'app-1' as AppId, appName: 'app', slug: 'app-fn' },
  ...{ name: 'fn', version: 1, triggers: [], url: 'http://app.test', driver: 'http', retries: 0 },
  ...{ concurrency: [], runConcurrency: [], cancel: [] },
};
const state: RunState = {
  ...{ metadata: sampleMetadata(), events: '[{}]', requestVersion: 2, isPlanForced: false },
  ...{ startedAtMs: 0, stateBytes: 0, stepCount: 0, areStepsLeftOut: false, stack: [] },
  ...{ steps: [], inputs: [], defers: [] },
};

test('defers keep the ids that their SDK gives them, whatever objects call their own', () => {
  const add = '{"status":"after_run","functionSlug":"f","input":"{}"}';
  const abort = (target: string): string => JSON.stringify({ status: 'abort', target });
  const defers: [string, string][] = [
    ['__proto__', add],
    ['constructor', add],
    ['x', abort('constructor')],
    ['y', abort('toString')],
  ];
  const request = callRequest({
    ...{ item, edge, fn, state: { ...state, defers } },
    call: { callId: 'start#0', requestId: 'q' },
  });
  expect(Object.entries(request.defers)).toEqual([
    ['__proto__', { abortable: true }],
    ['constructor', { abortable: false }],
  ]);
});

test('a call says when its run was executed first, and whether its function batches events', () => {
  const call = { callId: 'start#0', requestId: 'q' };
  const started = { ...state, startedAtMs: 7 };
  const batching = { ...fn, batchEvents: { maxSize: 2, timeout: '1s' } };
  expect(callRequest({ item, edge, fn, state: started, call })).toMatchObject({
    ...{ startedAtMs: 7, isBatch: false },
  });
  expect(callRequest({ item, edge, fn: batching, state, call }).isBatch).toBe(true);
});

test('the first event of several is canonical, whatever its members are called', () => {
  const events = '[{"data":{"10":1,"9":2}},{"data":{}}]';
  const request = callRequest({
    ...{ item, edge, fn, state: { ...state, events } },
    call: { callId: 'start#0', requestId: 'q' },
  });
  expect(request.event).toBe('{"data":{"10":1,"9":2}}');
});
