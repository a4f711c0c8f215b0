/** Any sequence of scripts keeps the invariants, and what is drained leaves nothing behind. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { accountId } from '../../../src/function/definition.ts';
import { resolvePauses, timeOutPause } from '../../../src/pause/pause.ts';
import type { ConcurrencyKey, LeasedItem } from '../../../src/queue/item.ts';
import {
  dequeue,
  enqueue,
  extend,
  peek,
  rebuild,
  requeue,
  scavenge,
} from '../../../src/queue/queue.ts';
import { endRun } from '../../../src/state/run_end.ts';
import { enterRun } from '../../../src/state/run_state.ts';
import { leaseMs, sampleItem, takeFrom } from '../../queue/sample_item.ts';
import {
  commit,
  createSampleRun,
  output,
  runItem,
  sampleEnter,
  sampleWait,
} from '../../state/sample_run.ts';
import { fields, onEachEngine, type StoreUnderTest } from '../../store_under_test.ts';
import { type LimitsUnderTest, violations } from './invariants.ts';

const partitions = ['fn-1', 'fn-2', 'fn-3'];
const keyLimits: readonly ConcurrencyKey[] = [
  { key: 'k1', limit: 1 },
  { key: 'k2', limit: 2 },
];
const steps = ['a', 'b', 'c'];

const operation = fc.oneof(
  fc.record({
    do: fc.constant('enqueue' as const),
    n: fc.nat(99),
    in: fc.nat(2),
    keys: fc.nat(3),
    delayMs: fc.constantFrom(0, 0, 0, 40_000),
  }),
  fc.record({
    do: fc.constant('take' as const),
    in: fc.nat(3),
    most: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    do: fc.constantFrom('extend', 'requeue', 'dequeue', 'enter', 'finish' as const),
    n: fc.nat(20),
  }),
  fc.record({ do: fc.constantFrom('create', 'cancel' as const), n: fc.nat(3), keys: fc.nat(3) }),
  fc.record({
    do: fc.constant('commit' as const),
    n: fc.nat(20),
    what: fc.array(fc.tuple(fc.constantFrom('output', 'plan', 'event', 'signal'), fc.nat(2)), {
      maxLength: 3,
    }),
    isRace: fc.boolean(),
  }),
  fc.record({ do: fc.constant('resolve' as const), n: fc.nat(3), step: fc.nat(2) }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 1_000, leaseMs + 1) }),
  fc.record({ do: fc.constantFrom('pause', 'unpause' as const), in: fc.nat(2) }),
  fc.record({ do: fc.constantFrom('scavenge', 'restart' as const) }),
);
type Operation = typeof operation extends fc.Arbitrary<infer O> ? O : never;

/** The store with what its users know of it: the leases they hold or once held. */
class Users {
  readonly held: LeasedItem[] = [];

  constructor(
    readonly under: StoreUnderTest,
    readonly limits: LimitsUnderTest,
  ) {}

  async carryOut(op: Operation): Promise<void> {
    const { store, clock } = this.under;
    const nowMs = clock.now();
    switch (op.do) {
      case 'enqueue': {
        const partition = partitions[op.in] ?? '';
        const atMs = nowMs + op.delayMs;
        await enqueue(store, [
          sampleItem({
            id: `i${op.n}`,
            partition,
            atMs,
            scoreMs: atMs,
            concurrencyKeys: keysOf(op.keys),
          }),
        ]);
        return;
      }
      case 'take':
        return this.take([...partitions, 'timers'][op.in] ?? '', op.most);
      case 'create': {
        const runId = `r${op.n}`;
        const start = runItem(runId, 'start', { kind: 'start', concurrencyKeys: keysOf(op.keys) });
        await createSampleRun(store, runId, { items: [start] });
        return;
      }
      case 'cancel':
        await endRun(store, { item: null, runId: `r${op.n}`, items: [], facts: [] });
        return;
      case 'resolve': {
        const pauseId = `r${op.n}.${steps[op.step]}`;
        await resolvePauses(store, nowMs, [{ pauseId, output: 'null', fact: '' }]);
        return;
      }
      case 'pass':
        return clock.advance(op.ms);
      case 'scavenge':
        await scavenge(store, nowMs, 5);
        return;
      case 'restart':
        return this.restart();
      case 'pause':
        await store.run('function_pause', [nowMs, partitions[op.in] ?? '', accountId]);
        return;
      case 'unpause':
        return this.unpause(partitions[op.in] ?? '');
      default:
        return this.work(op);
    }
  }

  async unpause(partition: string): Promise<void> {
    await this.under.store.run('function_unpause', [partition, accountId]);
  }

  private async take(partition: string, itemsMax: number): Promise<void> {
    const isSystem = partition === 'timers';
    const { items } = await takeFrom(this.under, partition, {
      itemsMax,
      functionLimit: isSystem ? 0 : this.limits.function,
      accountLimit: isSystem ? 0 : this.limits.account,
    });
    this.held.push(...items);
  }

  private async restart(): Promise<void> {
    await this.under.forgetRebuildable();
    const keys = await this.under.keys();
    const ids = keys
      .filter((key) => key.startsWith('item:'))
      .map((key) => key.slice('item:'.length));
    await rebuild(this.under.store, ids);
  }

  /** Work on a lease, which may have been lost since. */
  private async work(op: Extract<Operation, { n: number }>): Promise<void> {
    const { store, clock } = this.under;
    const item = this.held[op.n % Math.max(1, this.held.length)];
    if (item === undefined) return;
    const nowMs = clock.now();
    if (op.do === 'extend') await extend(store, [item], nowMs + leaseMs);
    else if (op.do === 'requeue') {
      await requeue(store, item, { nowMs, isAttempt: true, delaysMs: [0, 5_000] });
    } else if (item.runId === '') await dequeue(store, item);
    else if (op.do === 'finish' || op.do === 'dequeue') {
      await endRun(store, { item, runId: item.runId, items: [], facts: [] });
    } else if (item.kind === 'timeout') {
      const pauseId = item.id.replace('.timeout', '');
      await timeOutPause(store, nowMs, item, { pauseId, output: 'null', fact: '' });
    } else if (op.do === 'enter') {
      const slept =
        item.kind === 'sleep' ? { stepId: 'a', parallelMode: 'wait', fact: '' } : undefined;
      await enterRun(store, item, sampleEnter(nowMs, { slept }));
    } else if (op.do === 'commit') await this.commit(item, op);
  }

  private async commit(item: LeasedItem, op: Extract<Operation, { do: 'commit' }>): Promise<void> {
    const { runId } = item;
    const nowMs = this.under.clock.now();
    const of = (kind: string): string[] =>
      op.what.filter(([what]) => what === kind).map(([, step]) => steps[step] ?? '');
    const waits = [...of('event'), ...of('signal')].map((step) => {
      const kind = of('signal').includes(step) ? ('signal' as const) : ('event' as const);
      const atMs = nowMs + 20_000;
      return sampleWait(runId, step, {
        atMs,
        conflict: kind === 'signal' ? 'fail' : '',
        of: { kind, subject: 's', expiresMs: atMs },
      });
    });
    const parallelMode = op.isRace ? 'race' : 'wait';
    await commit(this.under, item, {
      requestVersion: 2,
      forcesPlan: op.what.length > 1,
      group: op.what.length > 1 && !op.isRace ? op.what.map(([, step]) => steps[step] ?? '') : [],
      outputs: of('output').map((step) => output(step, { parallelMode })),
      items: of('plan').map((step) => ({
        openStepId: step,
        fact: '',
        item: runItem(runId, `${step}.plan`),
      })),
      waits,
    });
  }

  /** Serves what the pointers say, as a processor does, until nothing is left. */
  async drain(): Promise<void> {
    const { store, clock } = this.under;
    for (let round = 0; round < 200; round += 1) {
      clock.advance(leaseMs + 1);
      await scavenge(store, clock.now(), 100);
      const { partitions: due, nextMs } = await peek(store, clock.now(), 10);
      if (due.length === 0 && nextMs === null) return;
      for (const partition of due) {
        this.held.length = 0;
        await this.take(partition, 2);
        for (const item of this.held) {
          if (item.runId === '') await dequeue(store, item);
          else await endRun(store, { item, runId: item.runId, items: [], facts: [] });
        }
      }
    }
  }
}

/** What is left besides the items of paused functions. */
async function workOfOthers(under: StoreUnderTest): Promise<string[]> {
  const paused = await fields(under, 'paused');
  const items = (await under.keys()).filter((key) => key.startsWith('item:'));
  const owners = await Promise.all(items.map(async (key) => (await fields(under, key)).p ?? ''));
  return items.filter((_, index) => !((owners[index] ?? '') in paused));
}

function keysOf(bits: number): ConcurrencyKey[] {
  return keyLimits.filter((_, index) => (bits >> index) % 2 === 1);
}

/** Kept on purpose: for history, against repetition, or as a counter. */
const mayRemain = /^(outbox|outbox-trimmed|pause-sequence|once:.*)$/;

/** A look at everything after every script costs more where each look is a message to a server. */
const runs = { embedded: 60, redis: 12, valkey: 12 } as const;

onEachEngine((engine) => {
  test('every sequence of scripts keeps the invariants and leaves nothing behind', async () => {
    const under = await engine.open();
    const limits = fc.record({ function: fc.nat(3), account: fc.nat(3) });
    await fc.assert(
      fc.asyncProperty(
        limits,
        fc.array(operation, { minLength: 1, maxLength: 60, size: 'max' }),
        async (limit, operations) => {
          await under.clear();
          const users = new Users(under, limit);
          for (const op of operations) {
            await users.carryOut(op);
            expect(await violations(under, limit)).toEqual([]);
          }
          await users.drain();
          expect(await workOfOthers(under)).toEqual([]);
          for (const partition of partitions) await users.unpause(partition);
          await users.drain();
          expect((await under.keys()).filter((key) => !mayRemain.test(key))).toEqual([]);
        },
      ),
      { numRuns: runs[engine.name] },
    );
  }, 60_000);
});
