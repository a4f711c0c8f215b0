/** Runs with what apps and people wrote onto them, for the golden trees: spans of user code and metadata. */

import { spanIdOf } from '../../src/trace/identity.ts';
import type { RunTrace } from '../../src/trace/run_trace.ts';
import {
  answered,
  hashed,
  itemOf,
  metadata,
  ran,
  returned,
  runId,
  told,
  userland,
} from './told.ts';

const done = ['Completed', 100, '{"ok":true}'] as const;
const a = [
  ...answered({ group: 'start', at: [0, 2, 10] }, 'StepRun a'),
  ran('a', 'start#1', [4, 9], { input: '[1]' }),
];
const afterA = { group: 'next:a', at: [10, 12, 100] } as const;
const callSpan = (callId: string): string =>
  spanIdOf(runId, { of: 'call', callId: itemOf(callId) });

export const annotatedRuns: Readonly<Record<string, RunTrace>> = {
  'user code': told(
    [
      ...a,
      userland('5000000000000001', 3, {
        name: 'inngest.execution',
        parentSpanId: callSpan('start#1'),
      }),
      userland('5000000000000002', 5, {
        name: 'query',
        parentSpanId: '5000000000000001',
        attributes: '{"db":"pg","_inngest.own":1}',
      }),
      userland('5000000000000003', 6, {
        name: 'fetch',
        parentSpanId: '5000000000000002',
        status: 'Error',
      }),
      userland('5000000000000004', 6, {
        name: 'in step a',
        parentSpanId: 'ffffffffffffffff',
        stepId: hashed('a'),
        attempt: 0,
      }),
      ...returned(afterA),
      userland('5000000000000005', 30, { name: 'after a', parentSpanId: callSpan('next:a#1') }),
      userland('5000000000000006', 40, { name: 'from nowhere' }),
    ],
    done,
  ),
  metadata: told(
    [
      ...a,
      ...returned(afterA),
      metadata('userland.cart', '{"items":1,"total":5}'),
      metadata('userland.cart', '{"total":6}'),
      metadata('inngest.score', '{"good":1}', { scope: 'step', stepId: hashed('a') }),
      metadata('inngest.score', '{"good":2}', { scope: 'step', stepId: hashed('a'), op: 'add' }),
      metadata('userland.try', '{"x":1}', {
        scope: 'step_attempt',
        stepId: hashed('a'),
        attempt: 0,
      }),
      metadata('userland.gone', '{"x":1}'),
      metadata('userland.gone', '{"x":1}', { op: 'delete' }),
      metadata('userland.of-unknown', '{"x":1}', { scope: 'step', stepId: 'unknown' }),
      userland('5000000000000001', 20, { name: 'query', parentSpanId: callSpan('next:a#1') }),
      metadata('inngest.ai', '{"input_tokens":3}', {
        scope: 'extended_trace',
        spanId: '5000000000000001',
      }),
    ],
    done,
  ),
};
