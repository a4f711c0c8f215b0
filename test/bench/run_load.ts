/**
 * The life of runs, one script after the other. Half of them are started by events, save steps, wait for an event and
 * end; the others wait for a signal that never comes.
 */

import type { ReceivedEvent } from '../../src/event/event.ts';
import { edgeItem } from '../../src/executor/edge.ts';
import { endingOf } from '../../src/executor/run_ending.ts';
import { readOutbox, trimOutbox } from '../../src/history/outbox.ts';
import { ulid } from '../../src/lib/ulid.ts';
import { resolvePauses, scanPauses, timeOutPause } from '../../src/pause/pause.ts';
import { payloadOf, waitingEvents } from '../../src/queue/intake.ts';
import type { LeasedItem } from '../../src/queue/item.ts';
import { dequeue } from '../../src/queue/queue.ts';
import { EventIntake } from '../../src/runner/event_intake.ts';
import { startedRun } from '../../src/runner/start_run.ts';
import { createRun, type NewRun, runArgs } from '../../src/state/run_creation.ts';
import { endRun } from '../../src/state/run_end.ts';
import { enterRun, loadRun } from '../../src/state/run_state.ts';
import { commitCheckpoint, commitSteps, type StepPlan } from '../../src/state/step_commit.ts';
import { asList } from '../../src/store/reply_shape.ts';
import { output, sampleEnter, samplePlan, sampleWait } from '../state/sample_run.ts';
import { at, type LoadScope, leaseAll, sampleFact } from './load_scope.ts';
import { sampleApp } from './sample_app.ts';

const stateBytesMax = 32 * 1024 * 1024;
const stepsMax = 1_000;
/** When signals are given up on; waits for events last longer. */
const signalWaitMs = 60_000;
const eventWaitMs = 60 * signalWaitMs;
/** New waits that a delivery finds when it looks. */
const pausesPerScan = 10;
/** Company enough for the outbox to be carried to history. */
const factsPerRead = 200;
const factsPerTrim = 8;

/** What is known of the runs of one play. */
interface Cast extends LoadScope {
  readonly functions: ReturnType<typeof sampleApp>['functions'];
  readonly partitions: readonly string[];
  readonly newId: () => string;
}

export async function runLoad(scope: LoadScope): Promise<void> {
  const { functions } = sampleApp('shop', scope.nowMs);
  const partitions = functions.map(({ id }) => id);
  const cast = { ...scope, functions, partitions, newId: () => ulid(scope.nowMs) };
  const events = await eventLoad(cast);
  const runs = await startLoad(cast, events);
  const signalled = await createLoad(cast);
  await stepLoad(cast, runs, signalled);
  await waitLoad(cast, runs, signalled);
  await endLoad(cast, runs, signalled);
  await outboxLoad(cast);
}

async function eventLoad(cast: Cast): Promise<LeasedItem[]> {
  const { timer, subjects, nowMs } = cast;
  const intake = new EventIntake(timer.store);
  const received = Array.from({ length: subjects }, (_, index) => orderPlaced(cast, index));
  await timer.timed(
    'event_accept',
    subjects,
    (index) => intake.accept([at(received, index)]),
    () => true,
  );
  // That they are all there says that all were accepted.
  return leaseAll(cast, ['events'], nowMs, subjects);
}

function orderPlaced({ key, nowMs, newId }: Cast, index: number): ReceivedEvent {
  const id = `${key}-order-${index}`;
  const data = { orderId: id, amount: 4200, currency: 'EUR', items: ['a-100', 'b-200'] };
  const payload = { name: 'shop/order.placed', data, user: {}, id, ts: nowMs };
  return { internalId: newId(), receivedAtMs: nowMs, payload, idempotencyKey: id };
}

/** The run of a function that an intake item's event starts. */
function runOf({ functions, nowMs, newId }: Cast, item: LeasedItem, index: number): NewRun {
  const event = at(waitingEvents(item.data), 0);
  const fn = at(functions, index % functions.length);
  const runId = newId();
  return startedRun({ fn, event, payload: payloadOf(event), runId, nowMs, newEventId: newId });
}

async function startLoad(cast: Cast, items: readonly LeasedItem[]): Promise<NewRun[]> {
  const { timer, subjects, nowMs } = cast;
  const runs = items.map((item, index) => runOf(cast, item, index));
  await timer.timed(
    'event_deliver',
    subjects,
    (index) => {
      const item = at(items, index);
      const started = [1, ...runArgs(at(runs, index))];
      const work = [nowMs, item.id, item.leaseToken, -1];
      // No waits; no further items, no facts.
      return timer.store.run('event_deliver', [...work, 0, ...started, 0, 0]);
    },
    (reply) => JSON.stringify(reply) === '[1,1]',
  );
  return runs;
}

async function createLoad(cast: Cast): Promise<NewRun[]> {
  const { timer, subjects, functions, nowMs, newId } = cast;
  const runs = Array.from({ length: subjects }, (_, index) => {
    const { payload, ...received } = orderPlaced(cast, index);
    const idempotencyKey = `${received.idempotencyKey}-again`;
    const [name, text] = [payload.name, JSON.stringify(payload)];
    const event = { ...received, idempotencyKey, name, payload: text };
    const fn = at(functions, index % functions.length);
    return startedRun({ fn, event, payload, runId: newId(), nowMs, newEventId: newId });
  });
  await timer.timed(
    'run_create',
    subjects,
    (index) => createRun(timer.store, at(runs, index)),
    (isCreated) => isCreated,
  );
  return runs;
}

/** The leased item of each run, in the order of the runs. */
function itemsOf(runs: readonly NewRun[], items: readonly LeasedItem[]): LeasedItem[] {
  const ofRun = new Map(items.map((item) => [item.runId, item]));
  return runs.map(({ runId }) => {
    const item = ofRun.get(runId);
    if (!item) throw new Error(`run ${runId} has no item that is due`);
    return item;
  });
}

/** A plan with the discovery that would follow it. */
function planOf({ nowMs }: Cast, run: NewRun, changes: Partial<StepPlan>): StepPlan {
  const discovery = edgeItem(run, { id: '', kind: 'edge', atMs: nowMs, nowMs });
  return samplePlan(run.runId, { discovery, ...changes });
}

async function stepLoad(
  cast: Cast,
  runs: readonly NewRun[],
  signalled: readonly NewRun[],
): Promise<void> {
  const { timer, subjects, partitions, nowMs } = cast;
  const { store } = timer;
  const due = await leaseAll(cast, partitions, nowMs, 2 * subjects);
  const started = itemsOf(runs, due);
  await timer.timed(
    'run_enter',
    subjects,
    (index) => {
      const startedFact = sampleFact(at(runs, index).runId);
      return enterRun(store, at(started, index), sampleEnter(nowMs, { startedFact }));
    },
    (outcome) => outcome.kind === 'entered' && outcome.isFirst,
  );
  await timer.timed(
    'checkpoint_commit',
    subjects,
    (index) => {
      const { runId, id: itemId, generation } = at(started, index);
      const outputs = [output('charge', { fact: sampleFact(runId) })];
      const limits = { stateBytesMax, stepsMax };
      const saved = { outputs, defers: [], facts: [] };
      return commitCheckpoint(store, { runId, itemId, generation, ...limits, ...saved });
    },
    (outcome) => outcome === 'saved',
  );
  await timer.timed(
    'step_commit: an output',
    subjects,
    (index) => {
      const run = at(runs, index);
      const outputs = [output('ship', { fact: sampleFact(run.runId) })];
      const plan = planOf(cast, run, { outputs });
      const item = at(started, index);
      return commitSteps(store, { nowMs, item, runId: run.runId, stateBytesMax, plan });
    },
    (outcome) => outcome === 'continued',
  );
  await timer.timed(
    'run_jobs',
    subjects,
    (index) => store.run('run_jobs', [at(runs, index).runId, 100]),
    (reply) => asList(reply).length === 5,
  );
  await timer.timed(
    'run_load',
    subjects,
    (index) => loadRun(store, at(runs, index).runId, { withSteps: true }),
    (run) => run?.stepCount === 2 && run.steps.length === 2,
  );
  const next = itemsOf(runs, await leaseAll(cast, partitions, nowMs, subjects));
  await timer.timed(
    'step_commit: a wait',
    subjects,
    (index) => waitFor(cast, at(runs, index), at(next, index), 'event', paidEvent(cast)),
    (outcome) => outcome === 'done',
  );
  const unsignalled = itemsOf(signalled, due);
  await timer.untimed(subjects, (index) =>
    waitFor(cast, at(signalled, index), at(unsignalled, index), 'signal', signalName(cast, index)),
  );
}

function paidEvent({ key }: Cast): string {
  return `shop/order.paid.${key}`;
}

function signalName({ key }: Cast, index: number): string {
  return `${key}-approved-${index}`;
}

const waitStep = 'answer';

function waitFor(
  cast: Cast,
  run: NewRun,
  item: LeasedItem,
  kind: 'event' | 'signal',
  subject: string,
): ReturnType<typeof commitSteps> {
  const { timer, nowMs } = cast;
  const { runId } = run;
  const { partition, attemptsMax, data, scoreMs } = planOf(cast, run, {}).discovery;
  const followUp = { partition, attemptsMax, data, scoreMs, concurrencyKeys: [] };
  const wait = sampleWait(runId, waitStep, {
    atMs: nowMs + (kind === 'event' ? eventWaitMs : signalWaitMs),
    of: { kind, subject, followUp, createdMs: nowMs },
    fact: sampleFact(runId),
  });
  const plan = planOf(cast, run, { waits: [wait] });
  return commitSteps(timer.store, { nowMs, item, runId, stateBytesMax, plan });
}

function resolutionOf({ runId }: NewRun, answer: string): Parameters<typeof timeOutPause>[3] {
  return { pauseId: `${runId}.${waitStep}`, output: answer, fact: sampleFact(runId) };
}

async function waitLoad(
  cast: Cast,
  runs: readonly NewRun[],
  signalled: readonly NewRun[],
): Promise<void> {
  const { timer, subjects, nowMs } = cast;
  const { store } = timer;
  const [all] = await timer.untimed(1, () => scanPauses(store, paidEvent(cast), 0, subjects));
  const sequences = (all?.pauses ?? []).map(({ sequence }) => sequence);
  await timer.timed(
    'pause_scan',
    subjects,
    (index) => {
      const seen = at(sequences, index % (subjects - pausesPerScan));
      return scanPauses(store, paidEvent(cast), seen, pausesPerScan);
    },
    ({ pauses }) => pauses.length === pausesPerScan,
  );
  await timer.timed(
    'signal_find',
    subjects,
    (index) => store.run('signal_find', [nowMs, signalName(cast, index)]),
    (reply, index) => asList(reply)[1] === at(signalled, index).runId,
  );
  await timer.timed(
    'pause_resolve',
    subjects,
    (index) => resolvePauses(store, nowMs, [resolutionOf(at(runs, index), '{"paid":true}')]),
    ([isResolved]) => isResolved === true,
  );
  const overMs = nowMs + signalWaitMs;
  const timers = itemsOf(signalled, await leaseAll(cast, ['timers'], overMs, subjects));
  await timer.timed(
    'pause_timeout',
    subjects,
    (index) => {
      const resolution = resolutionOf(at(signalled, index), 'null');
      return timeOutPause(store, overMs, at(timers, index), resolution);
    },
    (isResolved) => isResolved,
  );
}

async function endLoad(
  cast: Cast,
  runs: readonly NewRun[],
  signalled: readonly NewRun[],
): Promise<void> {
  const { timer, subjects, partitions, nowMs, newId } = cast;
  const { store } = timer;
  const due = await leaseAll(cast, partitions, nowMs + signalWaitMs, 2 * subjects);
  const items = itemsOf(runs, due);
  const endings = runs.map((run) =>
    endingOf(
      { ...run, defers: [] },
      { status: 'Completed', output: '{"shipped":true}' },
      { nowMs, newEventId: newId },
    ),
  );
  await timer.timed(
    'run_finish',
    subjects,
    (index) => {
      const { runId } = at(runs, index);
      return endRun(store, { item: at(items, index), runId, ...at(endings, index) });
    },
    (outcome) => outcome === 'ended',
  );
  const others = itemsOf(signalled, due);
  await timer.untimed(subjects, (index) => {
    const item = at(others, index);
    return endRun(store, { item, runId: item.runId, items: [], facts: [] });
  });
  const finished = await leaseAll(cast, ['events'], nowMs + signalWaitMs, subjects);
  await timer.untimed(subjects, (index) => dequeue(store, at(finished, index)));
}

/** All facts of the play wait by now. */
async function outboxLoad({ timer, subjects }: Cast): Promise<void> {
  const { store } = timer;
  const [page] = await timer.timed(
    `outbox_read: ${factsPerRead} facts`,
    subjects / 4,
    () => readOutbox(store, factsPerRead),
    ({ facts }) => facts.length === factsPerRead,
  );
  if (!page) return;
  const factsOf = (index: number) =>
    page.facts.slice(index * factsPerTrim, (index + 1) * factsPerTrim);
  const trims = Math.min(subjects, Math.floor(page.facts.length / factsPerTrim));
  await timer.timed(
    `outbox_trim: ${factsPerTrim} facts`,
    trims,
    (index) =>
      trimOutbox(store, {
        ...page,
        facts: factsOf(index),
        position: page.position + index * factsPerTrim,
      }),
    (isTrimmed) => isTrimmed,
  );
  const restMax = 10_000;
  const [rest] = await timer.untimed(1, () => readOutbox(store, restMax));
  if (rest) await timer.untimed(1, () => trimOutbox(store, rest));
}
