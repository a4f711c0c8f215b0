/** What is recorded is read back alike from every database. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Fact, TraceFact } from '../../src/history/fact.ts';
import type { History } from '../../src/history/history.ts';
import { FactsRejectedError, HistoryUnavailableError } from '../../src/history/history_error.ts';
import { ulid } from '../../src/lib/ulid.ts';
import { type HistoryUnderTest, testDatabases } from './databases.ts';
import {
  anyFact,
  callEndedFact,
  callStartedFact,
  deferFact,
  endedFact,
  eventFact,
  metadataFact,
  scheduledFact,
  startedFact,
  stepFact,
  textsOf,
  userlandFact,
} from './facts.ts';
import { HistoryModel } from './history_model.ts';

describe.each(testDatabases())('$name', (database) => {
  let opened: HistoryUnderTest;
  let history: History;

  beforeEach(async () => {
    if (!database.isHere) return;
    opened = await database.open();
    history = opened.history;
  });
  afterEach(async () => {
    if (database.isHere) await opened.dispose();
  });
  afterAll(() => database.end());

  const it = test.skipIf(!database.isHere);
  const record = (...facts: Fact[]) => history.record(textsOf(facts));

  it('an event is read back as it was received', async () => {
    const payload = '{"data":{"text":"grüße \\u0000 𝄞"},"id":"x","name":"a/b","ts":1700000000000}';
    await record(eventFact({ internalId: 'event-1', receivedAtMs: 1_700_000_000_123, payload }));
    const event = {
      internalId: 'event-1',
      receivedAtMs: 1_700_000_000_123,
      payload,
      name: 'a/b',
    };
    expect(await history.event('event-1')).toEqual(event);
    expect(await history.eventsById(['event-2', 'event-1'])).toEqual([event]);
    expect(await history.event('event-2')).toBeNull();
  });

  it('of an event that was received twice under one id the first is shown', async () => {
    await record(eventFact({ receivedAtMs: 1_001 }), eventFact({ receivedAtMs: 1_000 }));
    const id = '01K000000000000000000000A0';
    expect((await history.event(id))?.receivedAtMs).toBe(1_000);
    expect((await history.eventsById([id])).map((event) => event.receivedAtMs)).toEqual([1_000]);
    expect(await history.countEvents({})).toBe(2);
  });

  it('a run keeps everything that is known of it', async () => {
    const facts: Fact[] = [
      scheduledFact({
        functionName: 'Ship order',
        appName: 'shop',
        cron: '0 * * * *',
        batchId: 'batch-1',
        originalRunId: 'run-0',
        replayId: 'replay-1',
        isDeferred: true,
        links: ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
      }),
      startedFact(),
      endedFact({ status: 'Skipped', skipReason: 'Singleton', skipExistingRunId: 'run-9' }),
    ];
    await record(...facts);
    const run = await history.run('run-1');
    expect(run).toEqual(new HistoryModel(facts).run('run-1'));
    expect(run).toMatchObject({ links: [expect.any(String)], skipReason: 'Singleton' });
  });

  it('a run stays ended when its start comes late, and is shown once it is known what it is', async () => {
    await record(endedFact({ status: 'Cancelled' }));
    await record(startedFact());
    expect(await history.run('run-1')).toBeNull();
    expect(await history.countRuns({ timeField: 'queued' })).toBe(0);
    await record(scheduledFact());
    expect(await history.run('run-1')).toMatchObject({ status: 'Cancelled', startedAtMs: 3_000 });
  });

  it.each([
    ['a step that the server asks a model for', stepFact({ kind: 'aiInfer' })],
    ['a step that asks a model itself', stepFact({ kind: 'aiWrap' })],
    ['the opcode for a model', stepFact({ kind: 'run', op: 'AIGateway' })],
    ['what the app says of a model', metadataFact({ kind: 'inngest.ai' })],
  ])('a run is known to use AI by %s, whatever comes first', async (_, fact) => {
    const others = [scheduledFact(), startedFact(), endedFact(), stepFact({ stepId: 'other' })];
    await record(...others);
    expect(await history.run('run-1')).toMatchObject({ hasAi: false });
    await record(fact);
    expect(await history.run('run-1')).toMatchObject({ hasAi: true, status: 'Completed' });
    for (const batch of permutations([[fact], others, [startedFact()]])) {
      const runId = ulid(Date.now());
      for (const facts of batch) {
        await record(...facts.map((each) => ({ ...each, runId })));
      }
      expect(await history.run(runId)).toMatchObject({ hasAi: true, startedAtMs: 3_000 });
    }
  });

  it('facts give the same history in whatever order, batches and repetitions they come', async () => {
    let round = 0;
    const stream = fc
      .array(anyFact, { minLength: 1, maxLength: 40 })
      .chain((facts) =>
        fc.tuple(
          fc.constant(facts),
          fc.shuffledSubarray([...facts, ...facts], { minLength: facts.length * 2 }),
          fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }),
        ),
      );
    await fc.assert(
      fc.asyncProperty(stream, async ([facts, repeated, sizes]) => {
        round += 1;
        const own = (fact: Fact) => ownFact(fact, round);
        for (let from = 0, n = 0; from < repeated.length; n++) {
          const size = sizes[n % sizes.length] ?? 1;
          await record(...repeated.slice(from, from + size).map(own));
          from += size;
        }
        const model = new HistoryModel(facts.map(own));
        for (const id of ['run-1', 'run-2', 'run-3'].map((name) => `${name}-${round}`)) {
          expect(await history.run(id)).toEqual(model.run(id));
          expect(sorted(await history.factsOf(id))).toEqual(sorted(model.factsOf(id)));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('what happened in a run comes in order of time, a step’s statuses in theirs', async () => {
    const facts = [
      callEndedFact({ atMs: 9 }),
      stepFact({ status: 'Queued', atMs: 10 }),
      stepFact({ status: 'Running', atMs: 10, startedAtMs: 10, input: '[1]' }),
      stepFact({ status: 'Errored', atMs: 15, durationMs: 4.5, output: '{"name":"Error"}' }),
      stepFact({ status: 'Completed', attempt: 1, atMs: 20, output: 'null', detail: { a: null } }),
      deferFact({ atMs: 22 }),
      deferFact({ status: 'Aborted', atMs: 23 }),
      deferFact({ deferId: 'hash-1', status: 'Rejected', reason: 'meta_size', atMs: 24 }),
      userlandFact({ atMs: 25 }),
      callStartedFact({ callId: 'start#2', atMs: 30 }),
      metadataFact({ atMs: 30 }),
    ];
    await record(...facts.toReversed());
    await record(callStartedFact({ atMs: 8 }), stepFact({ runId: 'run-2' }));
    expect(await history.factsOf('run-1')).toEqual(facts);
    expect(await history.factsOf('run-3')).toEqual([]);
  });

  it('an attempt that is made again by another call is another fact', async () => {
    await record(
      stepFact({ status: 'Errored', atMs: 10, callId: 'start#1' }),
      stepFact({ status: 'Errored', atMs: 20, callId: 'start#2' }),
      stepFact({ stepId: 'step', status: 'Errored', atMs: 30 }),
      stepFact({ stepId: 'step', status: 'Errored', atMs: 40 }),
      stepFact({ stepId: 'x', status: 'Errored', atMs: 50 }),
      stepFact({ stepId: 'x', status: 'Errored', atMs: 60 }),
    );
    const facts = await history.factsOf('run-1');
    expect(facts.map(({ atMs }) => atMs)).toEqual([10, 20, 30, 40, 50]);
  });

  it('large payloads, outputs and facts are read back as they were', async () => {
    const text = '{"lines":["grüße 𝄞 \\u0000"]}'.repeat(40_000);
    const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(30_000))).toString('base64');
    const payload = JSON.stringify({ name: 'big', data: { text, noise } });
    const output = JSON.stringify(text);
    await record(
      eventFact({ payload }),
      scheduledFact(),
      endedFact({ output }),
      stepFact({ output, input: JSON.stringify([noise]) }),
    );
    expect((await history.event('01K000000000000000000000A0'))?.payload).toBe(payload);
    expect((await history.run('run-1'))?.output).toBe(output);
    const facts = await history.factsOf('run-1');
    expect(facts).toEqual([stepFact({ output, input: JSON.stringify([noise]) })]);
  });

  it('everything that happened in a run of thousands of steps and large outputs is read back', async () => {
    const output = (n: number) => JSON.stringify(`${n} `.repeat(n % 50 === 0 ? 40_000 : 10));
    const facts: Fact[] = Array.from({ length: 3_000 }, (_, n) =>
      stepFact({ stepId: `step-${n}`, atMs: 4_000 + (n % 7), output: output(n) }),
    );
    facts.push(metadataFact(), callStartedFact(), callEndedFact(), userlandFact());
    await record(...facts);
    const found = await history.factsOf('run-1');
    expect(sorted(found)).toEqual(sorted(new HistoryModel(facts).factsOf('run-1')));
    const times = found.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('of more user spans than anybody can look at the oldest are read, and nothing else is pushed out', async () => {
    const spans = Array.from({ length: 300 }, (_, n) =>
      userlandFact({
        ...{ spanId: n.toString(16).padStart(16, '0'), atMs: 5_000 - n },
        attributes: JSON.stringify({
          noise: Buffer.from(crypto.getRandomValues(new Uint8Array(48_000))).toString('base64'),
          text: 'x'.repeat(20_000),
        }),
      }),
    );
    const others = [
      stepFact({ atMs: 9_000 }),
      deferFact({ atMs: 9_001 }),
      metadataFact({ atMs: 9_002 }),
    ];
    await record(...spans, ...others);
    const facts = await history.factsOf('run-1');
    const read = facts.filter((fact) => fact.t === 'userland');
    const bytes = read.reduce((sum, { attributes }) => sum + attributes.length, 0);
    expect([bytes > 12 * 1024 * 1024, bytes < 16 * 1024 * 1024]).toEqual([true, true]);
    expect(read).toEqual(spans.toReversed().slice(0, read.length));
    expect(facts.slice(read.length)).toEqual(others);
  });

  it('U+0000 and very long names neither stop recording nor are lost', async () => {
    const long = 'ä'.repeat(5_000);
    const odd = JSON.stringify({ name: 'a\0b', data: { text: '\0' } });
    await record(
      eventFact({ internalId: 'e1', payload: odd }),
      eventFact({ internalId: 'e2', name: long }),
      scheduledFact({ runId: 'run-\0', eventName: long, functionName: 'f\0' }),
      stepFact({ runId: 'run-\0', stepId: long, name: 's\0', output: '"\\u0000"' }),
    );
    expect(await history.event('e1')).toMatchObject({ name: 'a\uFFFDb', payload: odd });
    expect(await history.events({ limit: 9, names: ['a\0b'] })).toHaveLength(1);
    expect(await history.events({ limit: 9, names: [long] })).toHaveLength(1);
    expect(await history.run('run-\0')).toMatchObject({ functionName: 'f\uFFFD', eventName: long });
    expect(await history.factsOf('run-\0')).toMatchObject([{ stepId: long, name: 's\0' }]);
  });

  it('runs of events are those they triggered, alone or in a batch, oldest first', async () => {
    await record(
      scheduledFact({ runId: 'run-2', eventIds: ['event-1', 'event-2'] }),
      scheduledFact({ runId: 'run-1', eventIds: ['event-1'] }),
      scheduledFact({ runId: 'run-3', eventIds: ['event-3'] }),
    );
    const found = await history.runsOfEvents(['event-1', 'event-2', 'event-4']);
    const ids = [...found].map(([id, runs]) => [id, ...runs.map((run) => run.runId)]);
    expect(ids).toEqual([['event-1', 'run-1', 'run-2'], ['event-2', 'run-2'], ['event-4']]);
    expect(await history.runsOfEvent('event-3')).toHaveLength(1);
  });

  it('facts that cannot be read are named without their values, and the rest is there', async () => {
    const recorded = history.record([
      'not json',
      JSON.stringify({ t: 'run.paused', runId: 'run-1' }),
      JSON.stringify({ ...startedFact(), atMs: 'secret' }),
      JSON.stringify(eventFact({ payload: '{"data":{}}' })),
      ...textsOf([scheduledFact(), endedFact(), eventFact()]),
    ]);
    const error = await recorded.catch((reason) => reason);
    expect(error).toBeInstanceOf(FactsRejectedError);
    const { rejections }: FactsRejectedError = error;
    expect(rejections.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(rejections.map(({ reason }) => reason).join()).not.toContain('secret');
    expect(await history.run('run-1')).toMatchObject({ status: 'Completed' });
    expect(await history.countEvents({})).toBe(1);
  });

  it('batches of thousands, recorded without waiting, arrive in order', async () => {
    const events = Array.from({ length: 5_000 }, (_, n) =>
      eventFact({ internalId: `e${String(n).padStart(5, '0')}`, receivedAtMs: n }),
    );
    await Promise.all([
      record(scheduledFact()),
      history.record([]),
      record(...events),
      record(startedFact(), endedFact()),
    ]);
    expect(await history.countEvents({})).toBe(5_000);
    expect(await history.run('run-1')).toMatchObject({ status: 'Completed' });
  });

  it('close waits for what is being recorded; afterwards history is unavailable', async () => {
    const recorded = record(eventFact());
    await history.close();
    await history.close();
    await recorded;
    const failures = await Promise.allSettled([
      history.event('x'),
      history.runs({ timeField: 'queued', orderBy: 'queued', direction: 'desc', limit: 1 }),
      history.countEvents({ query: 'event.name == "x"' }),
      history.prune({ eventsBeforeMs: 1, runsBeforeMs: 1, tracesBeforeMs: 1 }),
      record(eventFact()),
    ]);
    for (const failure of failures)
      expect(failure).toMatchObject({ reason: expect.any(HistoryUnavailableError) });
  });
});

/** The same fact about a run of its own. */
function ownFact(fact: Fact, round: number): Fact {
  return 'runId' in fact ? { ...fact, runId: `${fact.runId}-${round}` } : fact;
}

function sorted(facts: readonly TraceFact[]): string[] {
  return facts.map((fact) => JSON.stringify(Object.entries(fact).sort())).sort();
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((first, at) =>
    permutations(items.toSpliced(at, 1)).map((others) => [first, ...others]),
  );
}
