/** Facts for tests: complete ones, and arbitrary streams of them. */
import fc from 'fast-check';
import type {
  CallEndedFact,
  CallStartedFact,
  DeferFact,
  EventFact,
  Fact,
  MetadataFact,
  RunEndedFact,
  RunScheduledFact,
  RunStartedFact,
  StepFact,
  UserlandSpanFact,
} from '../../src/history/fact.ts';

export function eventFact(changes: Partial<EventFact> & { name?: string } = {}): EventFact {
  const { name = 'shop/order.paid', ...rest } = changes;
  return {
    t: 'event',
    internalId: '01K000000000000000000000A0',
    receivedAtMs: 1_000,
    payload: JSON.stringify({ data: { total: 12 }, id: 'order-1', name, ts: 1_000 }),
    ...rest,
  };
}

export function scheduledFact(changes: Partial<RunScheduledFact> = {}): RunScheduledFact {
  return {
    t: 'run.scheduled',
    runId: 'run-1',
    functionId: 'function-1',
    functionVersion: 3,
    functionSlug: 'shop-ship-order',
    appId: 'app-1',
    eventIds: ['01K000000000000000000000A0'],
    eventName: 'shop/order.paid',
    atMs: 2_000,
    ...changes,
  };
}

export function startedFact(changes: Partial<RunStartedFact> = {}): RunStartedFact {
  return { t: 'run.started', runId: 'run-1', atMs: 3_000, ...changes };
}

export function endedFact(changes: Partial<RunEndedFact> = {}): RunEndedFact {
  return {
    t: 'run.ended',
    runId: 'run-1',
    atMs: 9_000,
    status: 'Completed',
    output: '{"ok":true}',
    ...changes,
  };
}

export function stepFact(changes: Partial<StepFact> = {}): StepFact {
  return {
    t: 'step',
    runId: 'run-1',
    stepId: 'c3ab8ff13720e8ad9047dd39466b3c8974e592c2',
    name: 'charge card',
    kind: 'run',
    status: 'Completed',
    attempt: 0,
    atMs: 4_000,
    ...changes,
  };
}

export function callStartedFact(changes: Partial<CallStartedFact> = {}): CallStartedFact {
  return {
    t: 'call.started',
    runId: 'run-1',
    callId: 'start#1',
    group: 'start',
    attempt: 0,
    attemptsMax: 4,
    functionSlug: 'shop-ship-order',
    dueAtMs: 2_000,
    atMs: 3_000,
    ...changes,
  };
}

export function callEndedFact(changes: Partial<CallEndedFact> = {}): CallEndedFact {
  return {
    ...callStartedFact(),
    t: 'call.ended',
    atMs: 3_500,
    startedAtMs: 3_000,
    outcome: 'steps',
    requestId: 'request-1',
    url: 'http://127.0.0.1:3000/api/inngest',
    statusCode: 206,
    headers: { 'content-type': 'application/json' },
    responseBytes: 12,
    ops: [{ op: 'StepRun', id: 'hash-1', name: 'charge card' }],
    ...changes,
  };
}

export function deferFact(changes: Partial<DeferFact> = {}): DeferFact {
  return {
    t: 'defer',
    runId: 'run-1',
    deferId: 'c3ab8ff13720e8ad9047dd39466b3c8974e592c2',
    name: 'send mail',
    functionSlug: 'shop-send-mail',
    status: 'Scheduled',
    atMs: 3_600,
    ...changes,
  };
}

export function userlandFact(changes: Partial<UserlandSpanFact> = {}): UserlandSpanFact {
  return {
    t: 'userland',
    runId: 'run-1',
    spanId: '00f067aa0ba902b7',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    name: 'select',
    kind: 'CLIENT',
    status: 'Ok',
    atMs: 3_100,
    durationMs: 1.5,
    attributes: '{"db":"shop"}',
    resourceAttributes: '{}',
    ...changes,
  };
}

export function metadataFact(changes: Partial<MetadataFact> = {}): MetadataFact {
  return {
    t: 'metadata',
    id: '01K000000000000000000000M0',
    runId: 'run-1',
    atMs: 3_200,
    scope: 'run',
    kind: 'userland.note',
    op: 'merge',
    values: '{"note":"seen"}',
    ...changes,
  };
}

export function textsOf(facts: readonly Fact[]): string[] {
  return facts.map((fact) => JSON.stringify(fact));
}

const runId = fc.constantFrom('run-1', 'run-2', 'run-3');
const atMs = fc.integer({ min: 1, max: 50 });

/** What a fact says is a function of whom it is about and when, as in a server: a script writes it once. */
export const anyFact: fc.Arbitrary<Fact> = fc.oneof(
  fc.record({ n: fc.nat(5), atMs }).map(({ n, atMs }) =>
    eventFact({
      internalId: `event-${n}`,
      receivedAtMs: atMs,
      name: n % 2 === 0 ? 'a' : 'inngest/b',
    }),
  ),
  runId.map((runId) =>
    scheduledFact({ runId, eventIds: ['event-1', `event-for-${runId}`], cron: '* * * * *' }),
  ),
  fc.record({ runId, atMs }).map((changes) => startedFact(changes)),
  fc.record({ runId, atMs }).map(({ runId, atMs }) =>
    endedFact({
      runId,
      atMs,
      status: atMs % 2 === 0 ? 'Failed' : 'Cancelled',
      output: `"${atMs}"`,
    }),
  ),
  fc
    .record({
      runId,
      atMs,
      stepId: fc.constantFrom('step', 'hash-1', 'hash-2'),
      attempt: fc.nat(1),
      status: fc.constantFrom('Queued', 'Running', 'Errored'),
    })
    .map((changes) =>
      stepFact({
        ...changes,
        kind: changes.atMs % 10 === 0 ? 'aiInfer' : 'run',
        output: `"at ${changes.atMs}"`,
        detail: { at: changes.atMs },
      }),
    ),
  fc
    .record({
      runId,
      atMs,
      deferId: fc.constantFrom('hash-1', 'hash-2'),
      status: fc.constantFrom('Scheduled', 'Aborted', 'Rejected'),
    })
    .map((changes) => deferFact({ ...changes, reason: `at ${changes.atMs}` })),
  fc
    .record({ runId, atMs, call: fc.nat(2) })
    .map(({ runId, atMs, call }) =>
      callStartedFact({ runId, atMs, callId: `start#${call}`, dueAtMs: atMs }),
    ),
  fc
    .record({ runId, atMs, call: fc.nat(2) })
    .map(({ runId, atMs, call }) =>
      callEndedFact({ runId, atMs, startedAtMs: atMs, callId: `start#${call}` }),
    ),
  fc
    .record({ runId, atMs, span: fc.nat(3) })
    .map(({ runId, atMs, span }) => userlandFact({ runId, atMs, spanId: `span-${span}` })),
  fc
    .record({ runId, atMs, id: fc.nat(3) })
    .map(({ runId, atMs, id }) => metadataFact({ runId, atMs, id: `metadata-${id}` })),
);
