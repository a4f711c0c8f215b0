/** Facts for tests: complete ones, and arbitrary streams of them. */
import fc from 'fast-check';
import type {
  EventFact,
  Fact,
  RunEndedFact,
  RunScheduledFact,
  RunStartedFact,
  StepFact,
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
      stepFact({ ...changes, output: `"at ${changes.atMs}"`, detail: { at: changes.atMs } }),
    ),
);
