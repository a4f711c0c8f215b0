/** Runs that ended while something was under way, for the golden trees: its answer is dropped. */
import type { RunTrace } from '../../src/trace/run_trace.ts';
import { answered, broke, opened, ran, step, threw, told } from './told.ts';

const cancelled = ['Cancelled', 50] as const;
const failed = ['Failed', 100, '{"error":"Error: boom","message":"boom","name":"Error"}'] as const;

const a = [
  ...answered({ group: 'start', at: [0, 2, 10] }, 'StepRun a'),
  ran('a', 'start#1', [4, 9], { input: '[1]' }),
];

export const cutOffRuns: Readonly<Record<string, RunTrace>> = {
  'cancelled during a call': told([...a, ...opened({ group: 'next:a', at: [10, 12] })], cancelled),
  'cancelled during a retry of the function': told(
    [
      ...threw({ group: 'start', at: [0, 2, 20], max: 3 }, 'boom'),
      ...opened({ group: 'start', at: [30, 32], attempt: 1, max: 3 }),
    ],
    cancelled,
  ),
  'cancelled during a retry of a step': told(
    [
      ...answered({ group: 'start', at: [0, 2, 20], max: 3 }, 'StepError a'),
      broke('a', 'start#1', [10, 19]),
      ...opened({ group: 'start', at: [30, 32], attempt: 1, max: 3 }),
    ],
    cancelled,
  ),
  'cancelled during one of two planned steps': told(
    [
      ...answered({ group: 'start', at: [0, 2, 10] }, 'StepPlanned a', 'StepPlanned b'),
      ...['a', 'b'].map((name) =>
        step(name, 'Queued', 10, { op: 'StepPlanned', callId: 'start#1' }),
      ),
      ...opened({ group: 'plan:a', at: [10, 12], step: 'a' }),
    ],
    cancelled,
  ),
  'cancelled during a request of the server': told(
    [
      ...answered({ group: 'start', at: [0, 2, 10] }, 'AIGateway ask'),
      step('ask', 'Running', 10, { kind: 'aiInfer', op: 'AIGateway', callId: 'start#1' }),
    ],
    cancelled,
  ),
  'failed while a parallel call was under way': told(
    [
      ...answered({ group: 'start', at: [0, 2, 10] }, 'StepPlanned a', 'StepPlanned b'),
      ...opened({ group: 'plan:a', at: [10, 12], step: 'a' }),
      ...threw({ group: 'plan:b', at: [10, 12, 100], step: 'b' }, 'boom', true),
    ],
    failed,
  ),
};
