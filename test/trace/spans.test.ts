/** What single spans say: steps' details, groups, metadata, user code (graphql.md §9.3–9.5). */
import { expect, test } from 'bun:test';
import { isUuid } from '../../src/lib/uuid.ts';
import { legacyTree } from '../../src/trace/legacy_tree.ts';
import { previewTree } from '../../src/trace/preview_tree.ts';
import type { TraceSpan } from '../../src/trace/span.ts';
import { runs } from './runs.ts';
import {
  answered,
  beganAtMs,
  eventId,
  hashed,
  metadata,
  returned,
  step,
  told,
  userland,
} from './told.ts';

const nowMs = beganAtMs + 60;

function tree(name: string): TraceSpan {
  const trace = runs[name];
  if (trace === undefined) throw new Error(`no run is called ${name}`);
  return previewTree(trace, nowMs);
}

function find(root: TraceSpan, name: string): TraceSpan {
  const span = root.children.find((child) => child.name === name);
  if (span === undefined) throw new Error(`no child is called ${name}`);
  return span;
}

test('steps say what they wait for and what became of it', () => {
  expect(find(tree('sleeping'), 'nap').stepInfo).toEqual({
    kind: 'sleep',
    sleepUntilMs: beganAtMs + 80,
  });
  expect(find(tree('waiting for an event'), 'w').stepInfo).toEqual({
    kind: 'waitForEvent',
    eventName: 'paid',
    expression: '1 == async.data.id',
    timeoutAtMs: beganAtMs + 90,
    foundEventId: null,
    isTimedOut: null,
  });
  expect(find(tree('event found'), 'w').stepInfo).toMatchObject({
    foundEventId: '01KDVDNA00FD0000000000000A',
    isTimedOut: false,
  });
  expect(find(tree('event timed out'), 'w').stepInfo).toMatchObject({ isTimedOut: true });
  expect(find(tree('signal timed out'), 's').stepInfo).toEqual({
    kind: 'waitForSignal',
    signal: 'go',
    timeoutAtMs: beganAtMs + 90,
    isTimedOut: true,
  });
  expect(find(tree('invoke ok'), 'i').stepInfo).toEqual({
    kind: 'invoke',
    triggeringEventId: eventId,
    functionId: 'shop-bill',
    timeoutAtMs: beganAtMs + 90,
    returnEventId: '01KDVDNA00FN0000000000000A',
    runId: '01KDVDNA00RV0000000000000B',
    isTimedOut: false,
  });
});

test('a try and the failed calls before it share the group of their work', () => {
  const root = tree('network failure before the step is known');
  const ofWork = root.children.filter(
    ({ name, stepType }) => name === 'executor.nonstep' || stepType === 'step',
  );
  const groups = ofWork.slice(0, 3).map((span) => span.groupId);
  expect(new Set(groups).size).toBe(1);
  expect(isUuid(groups[0] ?? '')).toBe(true);
  // The request that followed was enqueued by that work.
  expect(find(root, 'Finalization').groupId).toBe(groups[0] ?? '');
  expect(root.groupId).toBe(ofWork[3]?.groupId ?? '');
});

test('only the one request that could be the last is called Finalization', () => {
  const root = previewTree(
    told([
      ...returned({ group: 'start', at: [0, 1, 5] }),
      ...returned({ group: 'next:x', at: [6, 7, 9] }),
    ]),
    nowMs,
  );
  expect(root.children.map(({ name }) => name).sort()).toEqual([
    'Discovery step',
    'Finalization',
    'executor.nonstep',
    'executor.nonstep',
  ]);
});

test('a skipped run says why, and which run was there first', () => {
  const trace = told([], ['Skipped', 0], {
    skipReason: 'Singleton',
    skipExistingRunId: '01KDVDNA00RV0000000000000B',
  });
  for (const root of [previewTree(trace, nowMs), legacyTree(trace, nowMs)]) {
    expect(root.status).toBe('SKIPPED');
    expect(root.skipReason).toBe('Singleton');
    expect(root.skipExistingRunId).toBe('01KDVDNA00RV0000000000000B');
    expect(root.children).toEqual([]);
  }
});

test('metadata is applied in the order of its ids, whatever the order of its facts', () => {
  const facts = [
    metadata('userland.cart', '{"total":5,"note":"a"}', { id: '01A' }),
    metadata('userland.cart', '{"total":2}', { id: '01B', op: 'add' }),
    metadata('userland.cart', '{"note":1}', { id: '01C', op: 'delete' }),
    metadata('userland.cart', '{"tags":["x"]}', { id: '01D' }),
    metadata('userland.cart', '{"tags":"y"}', { id: '01E', op: 'add' }),
  ];
  const root = previewTree(told(facts.toReversed()), nowMs);
  expect(root.metadata.map(({ kind, values }) => [kind, values])).toEqual([
    ['inngest.usage', { metadata_bytes: 69 }],
    ['userland.cart', { total: 7, tags: ['x', 'y'] }],
  ]);
});

test("a request's metadata says how long it waited and took", () => {
  const [http, timing] = find(tree('two steps'), 'Finalization').metadata;
  expect(http).toMatchObject({ scope: 'request', kind: 'inngest.http.timing' });
  expect(http?.values).toEqual({ total_ms: 78 });
  expect(timing?.values).toEqual({ queue_delay_ms: 2, total_inngest_ms: 2 });
});

test('user spans that name each other as parents are shown all the same', () => {
  const loop = [
    userland('5000000000000001', 1, { parentSpanId: '5000000000000002' }),
    userland('5000000000000002', 2, { parentSpanId: '5000000000000001' }),
  ];
  const [top, ...others] = previewTree(told(loop), nowMs).children;
  expect(others).toEqual([]);
  expect(top?.children).toHaveLength(1);
});

test('a deep chain of user spans is cut to a depth that everybody can walk', () => {
  const chain = Array.from({ length: 5_000 }, (_, index) =>
    userland(index.toString(16).padStart(16, '0'), index, {
      ...(index > 0 && { parentSpanId: (index - 1).toString(16).padStart(16, '0') }),
    }),
  );
  const count = (span: TraceSpan): number =>
    span.children.reduce((sum, child) => sum + count(child), 1);
  expect(count(previewTree(told(chain), nowMs))).toBe(5_001);
});

test("the server's own attributes are not shown as the user's", () => {
  const query = find(tree('user code'), 'a').children[0];
  expect(query?.userland?.spanAttributes).toBe('{"db":"pg"}');
});

test('a step that is reported twice keeps its first result', () => {
  const root = previewTree(
    told([
      ...answered({ group: 'start', at: [0, 1, 5] }, 'StepRun a'),
      step('a', 'Completed', 5, { op: 'StepRun', output: '{"data":1}' }),
      step('a', 'Completed', 9, { op: 'StepRun', output: '{"data":2}' }),
    ]),
    nowMs,
  );
  expect(root.children.filter((child) => child.stepId === hashed('a'))).toHaveLength(2);
});
