/** The checker sees each kind of damage: a sound record of a small load, and then one thing wrong with it. */
import { expect, test } from 'bun:test';
import { check, type Rules, type Violation } from './checker.ts';
import { type PredictedRun, predict } from './model.ts';
import {
  type Call,
  type Execution,
  type HistoryCall,
  type HistoryEvent,
  type HistoryRun,
  hashedId,
  type Observations,
} from './observation.ts';
import { failureOf, retries, type Scenario, type Step } from './plan.ts';

const rules: Rules = { buildMsMax: 5, doLeasesOutlive: false, laneLimit: 2, disorderMsMax: 0 };
const startMs = 1_700_000_000_000;

const parts: readonly Step[] = [
  { kind: 'run', id: 's0', workMs: 0 },
  { kind: 'flaky', id: 's1', failures: 1 },
  { kind: 'wait', id: 's2' },
  {
    kind: 'invoke',
    id: 's3',
    child: { parts: [{ kind: 'run', id: 'c0', workMs: 0 }], ending: { kind: 'returns' } },
  },
];
const scenarios: readonly Scenario[] = [
  { kind: 'workflow', key: 'w', workflow: { parts, ending: { kind: 'returns' } } },
  {
    kind: 'workflow',
    key: 'f',
    workflow: { parts: [], ending: { kind: 'throws', failing: 'every_attempt' } },
  },
  { kind: 'cancelled', key: 'c', by: 'api', workflow: { parts: [], ending: { kind: 'returns' } } },
  { kind: 'noise', key: 'n' },
];
const predictions: readonly PredictedRun[] = scenarios.flatMap(predict);

/** A record that can still be written to. */
type Draft = {
  -readonly [Name in keyof Observations]: Observations[Name] extends readonly (infer Each)[]
    ? Each[]
    : Observations[Name];
};

/** Ids sort by the time at which the call was built, as ULIDs do. */
function call(runId: string, fn: string, eid: string, at: number, rest: Partial<Call> = {}): Call {
  return {
    requestId: `${String(at).padStart(10, '0')}${runId}`,
    builtAtMs: startMs + at,
    receivedAtMs: startMs + at + 1,
    runId,
    fn,
    eid,
    lane: null,
    attempt: 0,
    memos: new Map(),
    answeredAtMs: startMs + at + 5,
    ...rest,
  };
}

function execution(of: Call, stepId: string, attempt = 0, hasThrown = false): Execution {
  const { requestId, runId, receivedAtMs: atMs } = of;
  return { requestId, runId, stepId, attempt, nonce: `${requestId} ${stepId}`, atMs, hasThrown };
}

/** The executions whose results were saved, in the sound record. */
const savedNonces: Readonly<Record<string, string>> = {
  s0: '0000000020W s0',
  s1: '0000000040W s1',
};

function memosOf(...steps: readonly string[]): Map<string, string> {
  return new Map(
    steps.map((id) => [hashedId(id), JSON.stringify({ data: { nonce: savedNonces[id] ?? id } })]),
  );
}

function event(internalId: string, name: string, data: Record<string, unknown>): HistoryEvent {
  return { internalId, name, isInternal: name.startsWith('inngest/'), data };
}

function endEvents(runId: string, ...names: readonly string[]): HistoryEvent[] {
  return names.map((name) =>
    event(`${runId} ${name}`, `inngest/function.${name}`, { run_id: runId }),
  );
}

function run(runId: string, fn: string, eventId: string, rest: Partial<HistoryRun>): HistoryRun {
  const eventIds = [eventId];
  return {
    runId,
    fn,
    eventIds,
    status: 'Completed',
    output: null,
    scheduledAtMs: startMs,
    startedAtMs: startMs + 5,
    endedAtMs: startMs + 500,
    ...rest,
  };
}

/** History does not have the calls that were lost with a server, nor those under way when their run was cancelled. */
function told({ requestId, runId, builtAtMs, answeredAtMs }: Call, isResult = false): HistoryCall {
  const times = { dueAtMs: builtAtMs, startedAtMs: builtAtMs, atMs: answeredAtMs ?? builtAtMs };
  return { runId, requestId, callId: requestId, ...times, isAnswered: true, isResult };
}

/** Everything went well, with one request sent twice and one call made again. */
function soundRecord(): Draft {
  const first = call('W', 'workflow', 'w', 10);
  const again = call('W', 'workflow', 'w', 20);
  const failing = call('W', 'workflow', 'w', 30, { memos: memosOf('s0') });
  const retried = call('W', 'workflow', 'w', 40, { memos: memosOf('s0'), attempt: 1 });
  const last = call('W', 'workflow', 'w', 50, { memos: memosOf('s0', 's1', 's2', 's3') });
  const child = call('K', 'child', 'w/s3', 45);
  const bodies = Array.from({ length: retries + 1 }, (_, attempt) =>
    call('F', 'workflow', 'f', 60 + attempt, { attempt }),
  );
  const stopped = call('C', 'cancelled', 'c', 70);
  const s0 = execution(again, 's0');
  const s1 = execution(retried, 's1', 1);
  const c0 = execution(child, 'c0');
  const resultOf = ({ attempt, nonce }: Execution) => ({ attempt, nonce });
  const returned = { eid: 'w/s3', results: [resultOf(c0)] };
  const results = [resultOf(s0), resultOf(s1), { approval: 'w:s2:0' }, returned];
  return {
    postings: [
      {
        eids: ['w'],
        name: 'crash/workflow',
        attempts: 2,
        internalIds: ['e1'],
        acknowledgedAtMs: startMs,
      },
      {
        eids: ['f'],
        name: 'crash/workflow',
        attempts: 1,
        internalIds: ['e2'],
        acknowledgedAtMs: startMs,
      },
      {
        eids: ['c'],
        name: 'crash/cancelled',
        attempts: 1,
        internalIds: ['e3'],
        acknowledgedAtMs: startMs,
      },
      {
        eids: ['n'],
        name: 'crash/noise',
        attempts: 1,
        internalIds: ['e4'],
        acknowledgedAtMs: startMs,
      },
      {
        eids: ['w:s2:0'],
        name: 'crash/approval',
        attempts: 1,
        internalIds: ['e5'],
        acknowledgedAtMs: startMs,
      },
    ],
    refusals: [],
    calls: [first, again, failing, retried, last, child, ...bodies, stopped],
    executions: [
      execution(first, 's0'),
      s0,
      execution(failing, 's1', 0, true),
      s1,
      execution(last, 'body'),
      c0,
      execution(child, 'body'),
      ...bodies.map((body, attempt) => execution(body, 'body', attempt, true)),
      execution(stopped, 's0'),
    ],
    checkpoints: [{ runId: 'W', hashedIds: [hashedId('s1')], savedAtMs: startMs + 44 }],
    events: [
      event('e0', 'crash/workflow', { eid: 'w' }),
      event('e1', 'crash/workflow', { eid: 'w' }),
      event('e2', 'crash/workflow', { eid: 'f' }),
      event('e3', 'crash/cancelled', { eid: 'c' }),
      event('e4', 'crash/noise', { eid: 'n' }),
      event('e5', 'crash/approval', { eid: 'w:s2:0' }),
      event('e6', 'inngest/function.invoked', { eid: 'w/s3' }),
      ...endEvents('W', 'finished'),
      ...endEvents('K', 'finished'),
      ...endEvents('F', 'finished', 'failed'),
      ...endEvents('C', 'finished', 'cancelled'),
    ],
    runs: [
      run('W', 'workflow', 'e0', { output: { eid: 'w', results } }),
      run('K', 'child', 'e6', { output: returned }),
      run('F', 'workflow', 'e2', {
        status: 'Failed',
        output: { name: 'Error', message: failureOf('f', 'body') },
      }),
      run('C', 'cancelled', 'e3', { status: 'Cancelled' }),
    ],
    steps: ['s0', 's1', 's2', 's3', 'c0'].map((id) => ({
      runId: id === 'c0' ? 'K' : 'W',
      hashedId: hashedId(id),
      status: 'Completed',
      attempt: 0,
      atMs: startMs + 400,
    })),
    told: [
      told(again),
      told(failing),
      told(retried),
      told(last, true),
      told(child, true),
      ...bodies.map((body) => told(body)),
    ],
    keys: ['apps', 'once:x', 'outbox-trimmed', 'pause-sequence'],
    killsMs: [startMs + 15],
  };
}

function violationsOf(damage: (record: Draft) => void): Violation[] {
  const record = soundRecord();
  damage(record);
  return check(predictions, record, rules);
}

function replaceIn<T>(list: T[], matches: (each: T) => boolean, change: Partial<T>): void {
  const at = list.findIndex(matches);
  const found = list[at];
  if (found === undefined) throw new Error('the record has nothing like that');
  list[at] = { ...found, ...change };
}

function removeFrom<T>(list: T[], matches: (each: T) => boolean): void {
  list.splice(list.findIndex(matches), 1);
}

test('a sound record is found to be sound, with its repetitions', () => {
  expect(violationsOf(() => {})).toEqual([]);
});

const damages: readonly {
  readonly rule: string;
  readonly how: string;
  readonly damage: (record: Draft) => void;
}[] = [
  {
    rule: 'an acknowledged event was lost',
    how: 'an event that starts nothing is not in history',
    damage: ({ events }) => removeFrom(events, ({ internalId }) => internalId === 'e4'),
  },
  {
    rule: 'an acknowledged event was lost',
    how: 'only the attempt that lost its answer is in history',
    damage: ({ events }) => removeFrom(events, ({ internalId }) => internalId === 'e1'),
  },
  {
    rule: 'an event was doubled',
    how: 'an event that was sent once is in history twice',
    damage: ({ events }) => events.push(event('e9', 'crash/noise', { eid: 'n' })),
  },
  {
    rule: 'an event came from nowhere',
    how: 'history has an event that nobody sent',
    damage: ({ events }) => events.push(event('e9', 'crash/noise', { eid: 'ghost' })),
  },
  {
    rule: 'history has times out of order',
    how: 'a run started before it was scheduled',
    damage: ({ runs }) =>
      replaceIn(runs, ({ runId }) => runId === 'W', { startedAtMs: startMs - 1 }),
  },
  {
    rule: 'history has times out of order',
    how: 'a step ended after its run',
    damage: ({ steps }) => replaceIn(steps, ({ runId }) => runId === 'W', { atMs: startMs + 501 }),
  },
  {
    rule: 'history has times out of order',
    how: 'a call ended before it began',
    damage: ({ told: calls }) =>
      replaceIn(calls, ({ runId }) => runId === 'W', { startedAtMs: startMs + 499 }),
  },
  {
    rule: 'history tells a call twice',
    how: 'a call was recorded under two names',
    damage: ({ told: calls }) => {
      const [first] = calls;
      if (first !== undefined) calls.push({ ...first, callId: 'another' });
    },
  },
  {
    rule: 'history tells of a call that was never made',
    how: 'the app answered a call that it never had',
    damage: ({ told: calls }) =>
      replaceIn(calls, ({ runId }) => runId === 'W', { requestId: 'ghost' }),
  },
  {
    rule: 'history tells the last call wrongly',
    how: 'the call that completed a run is not in history',
    damage: ({ told: calls }) =>
      removeFrom(calls, ({ runId, isResult }) => runId === 'K' && isResult),
  },
  {
    rule: 'a run is missing',
    how: 'an event started no run',
    damage: ({ runs }) => removeFrom(runs, ({ runId }) => runId === 'F'),
  },
  {
    rule: 'a run was doubled',
    how: 'both copies of an event that was sent twice started a run',
    damage: ({ runs, events }) => {
      runs.push(run('W2', 'workflow', 'e1', {}));
      events.push(...endEvents('W2', 'finished'));
    },
  },
  {
    rule: 'a run came from nowhere',
    how: 'an event started a function that it does not trigger',
    damage: ({ runs, events }) => {
      runs.push(run('X', 'lane', 'e4', {}));
      events.push(...endEvents('X', 'finished'));
    },
  },
  {
    rule: 'a run came from nowhere',
    how: 'history has the end of a run that was never scheduled',
    damage: ({ runs, events }) => {
      runs.push({ ...run('X', 'unscheduled', '', {}), eventIds: [] });
      events.push(...endEvents('X', 'finished'));
    },
  },
  {
    rule: 'the end of a run was told wrongly',
    how: 'a run finished twice',
    damage: ({ events }) => events.push(...endEvents('W', 'finished')),
  },
  {
    rule: 'the end of a run was told wrongly',
    how: 'the event of a failure is missing',
    damage: ({ events }) => removeFrom(events, ({ name }) => name === 'inngest/function.failed'),
  },
  {
    rule: 'a function was invoked twice',
    how: 'an invocation was sent twice',
    damage: ({ events }) => events.push(event('e9', 'inngest/function.invoked', { eid: 'w/s3' })),
  },
  {
    rule: 'a run never ended',
    how: 'history says that a run still goes on',
    damage: ({ runs, events }) => {
      replaceIn(runs, ({ runId }) => runId === 'C', { endedAtMs: null, status: null });
      events.splice(-2);
    },
  },
  {
    rule: 'a run ended wrongly',
    how: 'a run that should be cancelled failed',
    damage: ({ runs, events }) => {
      replaceIn(runs, ({ runId }) => runId === 'C', { status: 'Failed' });
      replaceIn(events, ({ internalId }) => internalId === 'C cancelled', {
        name: 'inngest/function.failed',
      });
    },
  },
  {
    rule: 'a run has a wrong output',
    how: 'the result of a step is from no execution',
    damage: ({ executions }) =>
      replaceIn(executions, ({ nonce }) => nonce.endsWith('20W s0'), { nonce: 'other' }),
  },
  {
    rule: 'a run has a wrong output',
    how: 'the result of a step is that of another attempt',
    damage: ({ executions, checkpoints }) => {
      checkpoints.splice(0);
      replaceIn(executions, ({ nonce }) => nonce.endsWith('40W s1'), { attempt: 0 });
    },
  },
  {
    rule: 'a run has a wrong output',
    how: 'a run went on with a result of a step that was not the saved one',
    damage: ({ runs }) => {
      const text = JSON.stringify(runs[0]?.output).replace('0000000020W s0', '0000000010W s0');
      replaceIn(runs, ({ runId }) => runId === 'W', { output: JSON.parse(text) });
    },
  },
  {
    rule: 'a run has a wrong output',
    how: 'an invoker got something else than its child returned',
    damage: ({ runs }) =>
      replaceIn(runs, ({ runId }) => runId === 'K', { output: { eid: 'w/s3', results: [] } }),
  },
  {
    rule: 'a run has a wrong output',
    how: 'a wait got the event of another step',
    damage: ({ runs }) => {
      const [first] = runs;
      const text = JSON.stringify(first?.output).replace('w:s2:0', 'w:s9:0');
      replaceIn(runs, ({ runId }) => runId === 'W', { output: JSON.parse(text) });
    },
  },
  {
    rule: 'a run was called after its end',
    how: 'a call was built seconds after the end',
    damage: ({ calls }) =>
      calls.push(call('W', 'workflow', 'w', 9_000, { memos: memosOf('s0', 's1', 's2', 's3') })),
  },
  {
    rule: 'attempts were miscounted',
    how: 'a kill used an attempt up',
    damage: ({ executions }) =>
      removeFrom(executions, ({ stepId, attempt }) => stepId === 'body' && attempt === 1),
  },
  {
    rule: 'attempts were miscounted',
    how: 'a step was tried once more than it may be',
    damage: ({ executions, calls }) => {
      const more = call('F', 'workflow', 'f', 66, { attempt: retries + 1 });
      calls.push(more);
      executions.push(execution(more, 'body', retries + 1, true));
    },
  },
  {
    rule: 'attempts were miscounted',
    how: 'a retried step began anew',
    damage: ({ executions, calls }) => {
      const anew = call('F', 'workflow', 'f', 66);
      calls.push(anew);
      executions.push(execution(anew, 'body', 0, true));
    },
  },
  {
    rule: 'attempts were miscounted',
    how: 'a step was never executed',
    damage: ({ executions }) => removeFrom(executions, ({ runId }) => runId === 'C'),
  },
  {
    rule: 'an unknown step was executed',
    how: 'a run executed a step that it does not have',
    damage: ({ executions, calls }) => {
      const [any] = calls;
      if (any !== undefined) executions.push(execution(any, 's7'));
    },
  },
  {
    rule: 'a saved step was executed again',
    how: 'a step ran again in a call that carries its result',
    damage: ({ executions, calls }) => {
      const last = calls[4];
      if (last !== undefined) executions.push(execution(last, 's0'));
    },
  },
  {
    rule: 'a saved step was executed again',
    how: 'a step ran again after its report was acknowledged',
    damage: ({ executions, calls }) => {
      const later = call('W', 'workflow', 'w', 52, { memos: memosOf('s0') });
      calls.push(later);
      executions.push(execution(later, 's1', 1));
    },
  },
  {
    rule: 'a saved result was forgotten',
    how: 'a later call lacks what an earlier one carried',
    damage: ({ calls }) =>
      calls.push(call('W', 'workflow', 'w', 58, { memos: memosOf('s1', 's2', 's3') })),
  },
  {
    rule: 'a saved result changed',
    how: 'a wait was ended by two events',
    damage: ({ calls }) => {
      const memos = memosOf('s0', 's1', 's2', 's3').set(hashedId('s2'), '"another"');
      calls.push(call('W', 'workflow', 'w', 58, { memos }));
    },
  },
  {
    rule: 'history tells a step wrongly',
    how: 'a step completed twice',
    damage: ({ steps }) => {
      const [first] = steps;
      if (first !== undefined) steps.push({ ...first, attempt: 1 });
    },
  },
  {
    rule: 'history tells a step wrongly',
    how: 'a wait that got its event is said to have timed out, too',
    damage: ({ steps }) =>
      steps.push({
        ...{ runId: 'W', hashedId: hashedId('s2'), status: 'TimedOut', attempt: 0 },
        atMs: startMs + 400,
      }),
  },
  {
    rule: 'history tells a step wrongly',
    how: 'the end of a step is missing',
    damage: ({ steps }) => removeFrom(steps, (step) => step.hashedId === hashedId('s3')),
  },
  {
    rule: 'a concurrency limit was exceeded',
    how: 'three calls of a lane are open at once',
    damage: ({ calls }) => {
      const lane = 'narrow';
      calls.push(...[80, 81, 82].map((at) => call('C', 'cancelled', 'c', at, { lane })));
    },
  },
  {
    rule: 'a client was answered wrongly',
    how: 'a door answered with 500',
    damage: ({ refusals }) =>
      refusals.push({ subject: 'test', answer: 'POST /e/test: 500', times: 1 }),
  },
  ...[
    'run:W:steps',
    'pause:P',
    'item:W.start',
    'x:lease',
    'outbox',
    'item:events.e1.1',
    'signal:S',
  ].map((key) => ({
    rule: 'a key was left behind',
    how: `${key} is still there`,
    damage: ({ keys }: Draft) => {
      keys.push(key);
    },
  })),
];

for (const { rule, how, damage } of damages) {
  test(`${rule}: ${how}`, () => {
    expect(violationsOf(damage).map((violation) => violation.rule)).toContain(rule);
  });
}

test('what a killed server had under way does not count against a concurrency limit', () => {
  const lane = 'narrow';
  const violations = violationsOf(({ calls, killsMs }) => {
    calls.push(
      ...[80, 81, 90, 91].map((at) =>
        call('C', 'cancelled', 'c', at, { lane, answeredAtMs: startMs + 99 }),
      ),
    );
    killsMs.push(startMs + 85);
  });
  expect(violations).toEqual([]);
});

test('a step that ran twice before its result was saved is no violation', () => {
  const violations = violationsOf(({ calls, executions }) => {
    const beside = call('W', 'workflow', 'w', 21);
    calls.push(beside);
    executions.push(execution(beside, 's0'));
  });
  expect(violations).toEqual([]);
});
