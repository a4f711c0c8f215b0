/** The worker loop on virtual time: what wakes it, whom it serves, what it does when things go wrong. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { createLogger } from '../../src/lib/logger.ts';
import type { LeasedItem, NewItem } from '../../src/queue/item.ts';
import {
  itemLeaseMs,
  Processor,
  type ProcessorParts,
  systemWorkers,
} from '../../src/queue/processor.ts';
import { dequeue, enqueue, requeue } from '../../src/queue/queue.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../src/store/embedded/engine.ts';
import { listenToScripts } from '../../src/store/messages.ts';
import { type Store, StoreUnavailableError } from '../../src/store/store.ts';
import { SimClock, settled, turn } from '../simulation/sim_clock.ts';
import { sampleItem, takeFrom } from './sample_item.ts';

/** Leases and the margin after them; and the pause between two looks at everything. */
const halfMinuteMs = 30_000;

let clock: SimClock;
let inner: EmbeddedStore;
let scriptsRun: string[];
/** What each script does before it runs; throws to make it fail. */
let beforeScript: (name: string) => void | Promise<void>;
/** What happens to each script's answer; throws to lose it. */
let afterScript: (name: string) => void;
let store: Store;
let handled: LeasedItem[];
let logged: string;
const started: Processor[] = [];

beforeEach(async () => {
  clock = new SimClock();
  inner = await openEmbeddedStore({ dataDir: null, clock });
  scriptsRun = [];
  beforeScript = () => undefined;
  afterScript = () => undefined;
  handled = [];
  logged = '';
  store = {
    run: async (script, args) => {
      scriptsRun.push(script);
      await beforeScript(script);
      const reply = await inner.run(script, args);
      afterScript(script);
      return reply;
    },
    settled: () => inner.settled(),
    subscribe: (subscriber) => inner.subscribe(subscriber),
    trouble: () => null,
    close: () => inner.close(),
  };
});

afterEach(async () => {
  beforeScript = () => undefined;
  for (const processor of started.splice(0)) await halt(processor);
  await inner.close();
});

/** Stops a processor without waiting for its work. */
async function halt(processor: Processor): Promise<void> {
  const stopped = processor.stop(0);
  await quiet();
  clock.goTo(clock.now());
  await stopped;
}

/** A processor that finishes each item unless `handle` says otherwise. */
function processorWith(changes: Partial<ProcessorParts> = {}): Processor {
  let tokens = 0;
  const name = changes.process ?? 'p1';
  const processor = new Processor({
    store,
    clock,
    log: createLogger({ level: 'debug', format: 'text', write: (line) => (logged += line) }),
    process: name,
    workers: 100,
    isShared: false,
    limitsOf: () => ({ function: 0, account: 0 }),
    newToken: () => {
      tokens += 1;
      return `${name}-${tokens}`;
    },
    random: () => 0.5,
    handle: async (item) => {
      handled.push(item);
      await dequeue(store, item);
    },
    ...changes,
  });
  listenToScripts(store, {
    wake: (partition, atMs) => processor.wake(partition, atMs),
    facts: () => undefined,
    unpaused: () => undefined,
  });
  started.push(processor);
  return processor;
}

const quiet = (): Promise<void> => settled(() => scriptsRun.length + handled.length);
const ids = (): string[] => handled.map(({ id }) => id);

function due(id: string, changes: Partial<NewItem> = {}): NewItem {
  const nowMs = clock.now();
  return sampleItem({ id, atMs: nowMs, scoreMs: nowMs, ...changes });
}

/** A handler that holds every item until it is let go. */
function holding() {
  const held = new Map<string, () => void>();
  const handle = async (item: LeasedItem): Promise<void> => {
    handled.push(item);
    await new Promise<void>((resolve) => held.set(item.id, resolve));
    await dequeue(store, item);
  };
  const release = async (id: string): Promise<void> => {
    held.get(id)?.();
    await quiet();
  };
  return { handle, release };
}

describe('wake-ups', () => {
  test('work that becomes due is served although time stands still', async () => {
    processorWith().start();
    await quiet();
    for (const id of ['a', 'b']) {
      await enqueue(store, [due(id)]);
      await quiet();
    }
    expect(ids()).toEqual(['a', 'b']);
  });

  test('work from before the start is found', async () => {
    await enqueue(store, [due('a'), due('b', { partition: 'timers' })]);
    processorWith().start();
    await quiet();
    expect(ids().sort()).toEqual(['a', 'b']);
  });

  test('an idle processor runs no script and has one timer', async () => {
    processorWith().start();
    await quiet();
    const before = scriptsRun.length;
    await quiet();
    expect(scriptsRun.length).toBe(before);
    expect(clock.timers).toBe(1);
  });

  test('one timer is armed for the next due time, and an earlier one replaces it', async () => {
    processorWith().start();
    await quiet();
    const nowMs = clock.now();
    for (const delayMs of [20_000, 5_000, 9_000]) {
      await enqueue(store, [due(`in-${delayMs}`, { scoreMs: nowMs + delayMs })]);
    }
    await quiet();
    expect(clock.timers).toBe(1);
    const served: [string, number][] = [];
    while (served.length < 3) {
      clock.goTo(clock.nextMs ?? 0);
      await quiet();
      for (const id of ids().slice(served.length)) served.push([id, clock.now() - nowMs]);
    }
    expect(served).toEqual([
      ['in-5000', 5_000],
      ['in-9000', 9_000],
      ['in-20000', 20_000],
    ]);
  });

  test('a lost wake-up is repaired by the next look at all partitions', async () => {
    const processor = processorWith();
    processor.start();
    await quiet();
    processor.wake = () => undefined;
    await enqueue(store, [due('a')]);
    await quiet();
    expect(ids()).toEqual([]);
    clock.goTo(clock.nextMs ?? 0);
    await quiet();
    expect(ids()).toEqual(['a']);
  });

  test('a burst is served as a whole, however many turns it takes', async () => {
    processorWith({ workers: 7 }).start();
    await enqueue(
      store,
      Array.from({ length: 200 }, (_, index) => due(`i${index}`)),
    );
    await quiet();
    expect(new Set(ids()).size).toBe(200);
  });
});

describe('more due partitions than one look finds', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, n) => due(`i${n}`, { partition: `fn-${n}` }));

  test('are all served at once, not at the next look for lost wake-ups', async () => {
    await enqueue(store, many(1_000));
    processorWith().start();
    await quiet();
    expect(new Set(ids()).size).toBe(1_000);
    expect(scriptsRun.filter((script) => script === 'queue_accounts').length).toBeLessThan(8);
  });

  test('do not wait for the end of a partition that always has more', async () => {
    const long = Array.from({ length: 2_000 }, (_, n) => due(`long-${n}`, { partition: 'fn-0' }));
    for (const items of [many(400), long]) await enqueue(store, items);
    processorWith({ workers: 1 }).start();
    await quiet();
    const lastOfMany = ids().findLastIndex((id) => id.startsWith('i'));
    expect(lastOfMany).toBeLessThan(1_000);
    expect(new Set(ids()).size).toBe(2_400);
  });

  test('that another process serves are not asked for again and again', async () => {
    // Pairs: after one of two is taken, the partition stays with the process that took it.
    for (const n of [1, 2]) {
      const partitions = Array.from({ length: 300 }, (_, of) => `fn-${of}`);
      await enqueue(
        store,
        partitions.map((partition) => due(`${partition}-${n}`, { partition })),
      );
    }
    const nowMs = clock.now();
    for (let of = 0; of < 300; of += 1) {
      await takeFrom({ store: inner, clock }, `fn-${of}`, { process: 'other', itemsMax: 1 });
    }
    processorWith({ isShared: true }).start();
    await quiet();
    const looks = (): number => scriptsRun.filter((script) => script === 'queue_peek').length;
    expect([handled.length, looks()]).toEqual([0, 2]);
    clock.goTo(clock.nextMs ?? 0);
    await quiet();
    expect(clock.now() - nowMs).toBe(4_000);
    expect(handled).toHaveLength(300);
  });
});

describe('fairness', () => {
  test('one item is served soon although another partition has 10 000', async () => {
    const { handle, release } = holding();
    processorWith({ workers: 40, handle }).start();
    const many = Array.from({ length: 10_000 }, (_, index) => due(`many-${index}`));
    for (let i = 0; i < many.length; i += 1_000) await enqueue(inner, many.slice(i, i + 1_000));
    await enqueue(inner, [due('single', { partition: 'fn-2' })]);
    await quiet();
    expect(ids().indexOf('single')).toBeGreaterThanOrEqual(0);
    expect(handled).toHaveLength(40);
    await release('single');
  });

  test('partitions with more work take turns', async () => {
    const { handle, release } = holding();
    processorWith({ workers: 1, handle }).start();
    await enqueue(
      store,
      ['a1', 'a2', 'a3'].map((id) => due(id)),
    );
    await enqueue(
      store,
      ['b1', 'b2', 'b3'].map((id) => due(id, { partition: 'fn-2' })),
    );
    await quiet();
    for (let served = 1; served < 6; served += 1) await release(ids().at(-1) ?? '');
    const order = ids().map((id) => id[0]);
    expect(order.join('')).toMatch(/^(ab){3}$|^(ba){3}$/);
  });
});

describe('limits', () => {
  test('at the limit of a function the rest waits for an end, not for time', async () => {
    const { handle, release } = holding();
    processorWith({ handle, limitsOf: () => ({ function: 2, account: 0 }) }).start();
    await enqueue(
      store,
      ['a', 'b', 'c', 'd'].map((id) => due(id)),
    );
    await quiet();
    expect(ids()).toEqual(['a', 'b']);
    await release('a');
    expect(ids()).toEqual(['a', 'b', 'c']);
    await release('b');
    await release('c');
    expect(ids()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('at the limit of the account the functions share it', async () => {
    const { handle, release } = holding();
    processorWith({ handle, limitsOf: () => ({ function: 0, account: 1 }) }).start();
    for (const n of [1, 2, 3]) {
      await enqueue(store, [
        due(`x${n}`, { partition: `fn-${n}` }),
        due(`y${n}`, { partition: `fn-${n}` }),
      ]);
    }
    await quiet();
    for (let served = 1; served < 6; served += 1) {
      expect(handled).toHaveLength(served);
      await release(ids().at(-1) ?? '');
    }
    expect(new Set(ids()).size).toBe(6);
  });

  test('system partitions know no limit', async () => {
    const { handle } = holding();
    processorWith({ handle, limitsOf: () => ({ function: 1, account: 1 }) }).start();
    await enqueue(
      store,
      ['a', 'b', 'c'].map((id) => due(id, { partition: 'events' })),
    );
    await quiet();
    expect(ids()).toEqual(['a', 'b', 'c']);
  });
});

describe('saturation', () => {
  test('no more items are leased than workers are free', async () => {
    const { handle, release } = holding();
    const processor = processorWith({ workers: 2, handle });
    processor.start();
    await enqueue(
      store,
      ['a', 'b', 'c'].map((id) => due(id)),
    );
    await quiet();
    expect([ids(), processor.itemsInFlight]).toEqual([['a', 'b'], 2]);
    await release('b');
    expect(ids()).toEqual(['a', 'b', 'c']);
  });

  test('what falls due while all workers are busy is served when one is free', async () => {
    const { handle, release } = holding();
    processorWith({ workers: 1, handle }).start();
    await enqueue(store, [
      due('long'),
      due('later', { partition: 'fn-2', scoreMs: clock.now() + 1_000 }),
    ]);
    await quiet();
    clock.goTo(clock.now() + 1_000);
    await quiet();
    expect(ids()).toEqual(['long']);
    await release('long');
    expect(ids()).toEqual(['long', 'later']);
  });
});

describe('with all workers busy on calls', () => {
  /** Calls are held; the server's own work is done at once. */
  function heldCalls(changes: Partial<ProcessorParts> = {}) {
    const { handle, release } = holding();
    const processor = processorWith({
      workers: 2,
      handle: async (item) => {
        if (item.partition === 'fn-1') return handle(item);
        handled.push(item);
        await dequeue(store, item);
      },
      ...changes,
    });
    processor.start();
    return { processor, release };
  }

  const calls = () => ['call-1', 'call-2', 'call-3'].map((id) => due(id));

  test('events are delivered, waits time out and schedules fire', async () => {
    const { processor, release } = heldCalls();
    await enqueue(store, calls());
    await quiet();
    expect(ids()).toEqual(['call-1', 'call-2']);
    await enqueue(store, [due('events', { partition: 'events', kind: 'events' })]);
    await enqueue(store, [
      due('timeout', { partition: 'timers', kind: 'timeout', scoreMs: clock.now() + 1_000 }),
      due('cron', { partition: 'cron', kind: 'cron', scoreMs: clock.now() + 2_000 }),
    ]);
    await quiet();
    expect(ids().slice(2)).toEqual(['events']);
    for (let i = 0; i < 2; i += 1) {
      clock.goTo(clock.now() + 1_000);
      await quiet();
    }
    expect(ids().slice(2)).toEqual(['events', 'timeout', 'cron']);
    expect(processor.itemsInFlight).toBe(2);
    await release('call-1');
    expect(ids().at(-1)).toBe('call-3');
  });

  test('nothing is asked of the store while nothing falls due', async () => {
    heldCalls();
    await enqueue(store, calls());
    await quiet();
    const before = scriptsRun.length;
    await quiet();
    expect(scriptsRun.length).toBe(before);
  });

  test('other processes are given what is left once, not with each event', async () => {
    heldCalls({ isShared: true });
    await enqueue(store, calls());
    await quiet();
    for (const n of [1, 2, 3]) {
      await enqueue(store, [due(`e${n}`, { partition: 'events' })]);
      await quiet();
    }
    expect(ids()).toContain('e3');
    const released = scriptsRun.filter((script) => script === 'queue_release_partition');
    expect(released).toHaveLength(1);
  });
});

test('the server’s own work is bounded, and calls do not wait for it', async () => {
  const { handle, release } = holding();
  const processor = processorWith({ workers: 2, handle });
  processor.start();
  const events = Array.from({ length: 100 }, (_, n) => due(`e${n}`, { partition: 'events' }));
  await enqueue(store, events);
  await quiet();
  expect(handled).toHaveLength(systemWorkers);
  await enqueue(store, [due('call')]);
  await quiet();
  expect(ids().at(-1)).toBe('call');
  expect(processor.itemsInFlight).toBe(systemWorkers + 1);
  await release('e0');
  expect(ids().at(-1)).toStartWith('e');
  expect(processor.itemsInFlight).toBe(systemWorkers + 1);
});

test('calls take turns with the server’s own work although that never runs out', async () => {
  processorWith({
    workers: 1,
    handle: async (item) => {
      handled.push(item);
      await dequeue(store, item);
      const n = handled.length;
      if (item.kind === 'events' && n < 500) {
        await enqueue(inner, [due(`e${n}`, { partition: 'events', kind: 'events' })]);
      }
    },
  }).start();
  await enqueue(store, [due('e', { partition: 'events', kind: 'events' })]);
  await enqueue(
    store,
    ['a', 'b', 'c'].map((id) => due(id)),
  );
  await quiet();
  expect(ids().indexOf('c')).toBeGreaterThan(0);
  expect(ids().indexOf('c')).toBeLessThan(20);
});

describe('leases', () => {
  test('are renewed for as long as the work takes', async () => {
    const { handle, release } = holding();
    processorWith({ handle }).start();
    const other = processorWith({ process: 'p2' });
    await enqueue(store, [due('slow')]);
    await quiet();
    other.start();
    for (let i = 0; i < 20; i += 1) {
      clock.goTo(clock.nextMs ?? 0);
      await quiet();
    }
    expect(clock.now()).toBeGreaterThan(2 * itemLeaseMs);
    expect(ids()).toEqual(['slow']);
    await release('slow');
    expect(inner.keys()).toEqual([]);
  });

  test('of a process that dies end, and another takes the item over with the same attempt', async () => {
    const first = processorWith({ handle: () => new Promise(() => undefined) });
    first.start();
    await enqueue(store, [due('a')]);
    await quiet();
    // Dead: it neither renews nor finishes.
    await halt(first);
    processorWith({ process: 'p2' }).start();
    await quiet();
    clock.goTo(clock.now() + halfMinuteMs);
    await quiet();
    expect(handled).toMatchObject([{ id: 'a', attempt: 0, scavenged: 1, generation: 1 }]);
  });

  test('of work that failed unexpectedly end, too, and it is logged', async () => {
    let failures = 1;
    processorWith({
      handle: async (item) => {
        handled.push(item);
        if (failures-- > 0) throw new Error('a bug');
        await dequeue(store, item);
      },
    }).start();
    await enqueue(store, [due('a')]);
    await quiet();
    expect(logged).toContain('a bug');
    for (let i = 0; i < 4; i += 1) {
      clock.goTo(clock.nextMs ?? 0);
      await quiet();
    }
    expect(handled.map(({ id, attempt, scavenged }) => [id, attempt, scavenged])).toEqual([
      ['a', 0, 0],
      ['a', 0, 1],
    ]);
    expect(inner.keys()).toEqual([]);
  });

  test('are renewed again after the store failed once', async () => {
    const { handle, release } = holding();
    processorWith({ handle }).start();
    await enqueue(store, [due('slow')]);
    await quiet();
    let failures = 1;
    beforeScript = (name) => {
      if (name === 'queue_extend' && failures-- > 0) throw new StoreUnavailableError('away');
    };
    clock.goTo(clock.now() + itemLeaseMs / 2);
    await quiet();
    expect(logged).toContain('leases could not be renewed');
    clock.goTo(clock.now() + itemLeaseMs / 2);
    await quiet();
    await release('slow');
    expect(inner.keys()).toEqual([]);
  });
});

describe('a take whose answer is lost', () => {
  test('gives its items to the next one, not to the end of a lease', async () => {
    await enqueue(store, [due('a'), due('b')]);
    let losses = 0;
    afterScript = (name) => {
      if (name !== 'queue_take' || losses > 0) return;
      losses += 1;
      throw new StoreUnavailableError('the connection broke');
    };
    processorWith().start();
    await quiet();
    expect([losses, ids()]).toEqual([1, []]);
    clock.goTo(clock.now() + 1_000);
    await quiet();
    expect(handled).toMatchObject([
      { id: 'a', attempt: 0, scavenged: 0 },
      { id: 'b', attempt: 0, scavenged: 0 },
    ]);
  });
});

describe('a failing store', () => {
  test('is tried again after a second, and nothing is lost', async () => {
    beforeScript = (name) => {
      if (name === 'queue_take') throw new StoreUnavailableError('away');
    };
    processorWith().start();
    await enqueue(store, [due('a'), due('b', { partition: 'fn-2' })]);
    await quiet();
    expect(logged).toContain('trying again every second');
    const failedAtMs = clock.now();
    beforeScript = () => undefined;
    clock.goTo(clock.nextMs ?? 0);
    await quiet();
    expect(clock.now() - failedAtMs).toBe(1_000);
    expect(ids().sort()).toEqual(['a', 'b']);
  });

  test('is not asked in a tight loop', async () => {
    beforeScript = (name) => {
      if (name !== 'queue_enqueue') throw new StoreUnavailableError('away');
    };
    processorWith().start();
    await enqueue(store, [due('a')]);
    await quiet();
    expect(scriptsRun.length).toBeLessThan(5);
  });
});

describe('stopping', () => {
  test('takes no more and resolves when the work under way is done', async () => {
    const { handle, release } = holding();
    const processor = processorWith({ handle });
    processor.start();
    await enqueue(store, [due('a')]);
    await quiet();
    const stopped = processor.stop(10_000);
    await enqueue(store, [due('b')]);
    await quiet();
    expect(ids()).toEqual(['a']);
    await release('a');
    expect(await stopped).toBe(0);
    expect(clock.timers).toBe(0);
  });

  test('gives up after the drain time and says how much was left', async () => {
    const { handle } = holding();
    const processor = processorWith({ handle });
    processor.start();
    await enqueue(store, [due('a'), due('b')]);
    await quiet();
    const stopped = processor.stop(10_000);
    await quiet();
    clock.goTo(clock.now() + 10_000);
    expect(await stopped).toBe(2);
  });

  test('waits for items that are being leased at that moment', async () => {
    let letTake = (): void => undefined;
    const taking = new Promise<void>((resolve) => {
      letTake = resolve;
    });
    beforeScript = (name) => (name === 'queue_take' ? taking : undefined);
    const { handle, release } = holding();
    const processor = processorWith({ handle });
    processor.start();
    await enqueue(store, [due('a')]);
    await quiet();
    let isStopped = false;
    const stopped = processor.stop(10_000).then((left) => {
      isStopped = true;
      return left;
    });
    letTake();
    await quiet();
    expect([ids(), isStopped]).toEqual([['a'], false]);
    await release('a');
    expect(await stopped).toBe(0);
  });

  test('a processor that is started again serves on time', async () => {
    const processor = processorWith();
    processor.start();
    await quiet();
    await processor.stop(0);
    clock.goTo(clock.now() + 100_000);
    processor.start();
    await enqueue(store, [due('later', { scoreMs: clock.now() + 5_000 })]);
    await quiet();
    clock.goTo(clock.now() + 5_000);
    await quiet();
    expect(ids()).toEqual(['later']);
  });
});

describe('processes that share a store', () => {
  test('serve one item once', async () => {
    for (const process of ['p1', 'p2', 'p3']) processorWith({ process, isShared: true }).start();
    await enqueue(
      store,
      Array.from({ length: 100 }, (_, index) => due(`i${index}`)),
    );
    await quiet();
    expect(ids().length).toBe(100);
    expect(new Set(ids()).size).toBe(100);
  });

  test('a saturated one leaves the rest of a partition to the others', async () => {
    const { handle } = holding();
    const busy = processorWith({ process: 'p1', workers: 1, isShared: true, handle });
    busy.start();
    await enqueue(store, [due('a'), due('b')]);
    await quiet();
    expect(ids()).toEqual(['a']);
    processorWith({ process: 'p2', isShared: true }).start();
    await quiet();
    expect(ids()).toEqual(['a', 'b']);
  });
});

describe('a partition that another process serves', () => {
  test('is served by this one as soon as that has no worker left', async () => {
    const { handle } = holding();
    processorWith({ process: 'p1', workers: 1, isShared: true, handle }).start();
    const second = processorWith({ process: 'p2', isShared: true });
    second.start();
    await quiet();
    scriptsRun.splice(0);
    // The second comes before the first gives up, and has to be told when that does.
    beforeScript = async (name) => {
      if (name !== 'queue_release_partition') return;
      while (scriptsRun.filter((other) => other === 'queue_take').length < 2) await turn();
      await turn();
    };
    await enqueue(store, [due('a'), due('b')]);
    await quiet();
    expect(ids()).toEqual(['a', 'b']);
  });

  test('is looked at again when that process must have died', async () => {
    await enqueue(store, [due('a'), due('b')]);
    const partitionUntilMs = clock.now() + 4_000;
    await takeFrom({ store, clock }, 'fn-1', { process: 'dead', itemsMax: 1, partitionUntilMs });
    processorWith({ process: 'p2', isShared: true }).start();
    await quiet();
    expect(ids()).toEqual([]);
    clock.goTo(clock.now() + 4_000);
    await quiet();
    expect(ids()).toEqual(['b']);
  });
});

test('a process gives up only the partitions that it has when its workers are busy', async () => {
  const { handle, release } = holding();
  processorWith({ process: 'p1', workers: 2, isShared: true, handle }).start();
  await quiet();
  const partitions = Array.from({ length: 50 }, (_, n) => `fn-${n}`);
  await enqueue(
    store,
    partitions.map((partition) => due(`${partition}.a`, { partition })),
  );
  await quiet();
  for (const id of ids()) await release(id);
  const released = scriptsRun.filter((name) => name === 'queue_release_partition').length;
  expect(released).toBeLessThan(5);
});

describe('a process that is asked to stop', () => {
  test('gives what it could not finish to the others at once', async () => {
    const { handle } = holding();
    const leaving = processorWith({ process: 'p1', isShared: true, handle });
    leaving.start();
    await enqueue(store, [due('a')]);
    await quiet();
    processorWith({ process: 'p2', isShared: true }).start();
    await quiet();
    const stopped = leaving.stop(0);
    await quiet();
    clock.goTo(clock.now());
    expect(await stopped).toBe(1);
    await leaving.abandon();
    await quiet();
    expect(handled).toMatchObject([
      { id: 'a', attempt: 0 },
      { id: 'a', attempt: 0, scavenged: 0, generation: 1 },
    ]);
  });
});

describe('a process that dies', () => {
  const abandoned = async (): Promise<void> => {
    await enqueue(store, [due('a')]);
    await takeFrom({ store, clock }, 'fn-1', { itemUntilMs: clock.now() + itemLeaseMs });
  };

  /** Lets time pass as timers want it. */
  const pass = async (ms: number): Promise<void> => {
    const endMs = clock.now() + ms;
    for (;;) {
      const nextMs = clock.nextMs;
      if (nextMs === null || nextMs > endMs) break;
      clock.goTo(nextMs);
      await quiet();
    }
    clock.goTo(endMs);
    await quiet();
  };

  test('has its items taken over by another within half a minute', async () => {
    processorWith({ process: 'p2', isShared: true }).start();
    await quiet();
    await abandoned();
    await pass(halfMinuteMs - 1);
    expect(ids()).toEqual([]);
    await pass(1);
    expect(handled).toMatchObject([{ id: 'a', attempt: 0, scavenged: 1 }]);
  });

  test.each([14_500, 29_000, 45_000])(
    'is told from those that a store refused to serve for %d ms: nobody takes their work',
    async (refusedMs) => {
      const { handle } = holding();
      processorWith({ process: 'p1', isShared: true, handle, workers: 1 }).start();
      await enqueue(store, [due('held')]);
      await quiet();
      processorWith({ process: 'p2', isShared: true }).start();
      await quiet();
      // No connection breaks: nobody is told when it is over.
      beforeScript = () => {
        throw new StoreUnavailableError('refused');
      };
      await pass(refusedMs);
      beforeScript = () => undefined;
      await pass(60_000);
      expect(ids()).toEqual(['held']);
    },
  );

  test('is told from one that lives, by a process that has only just started', async () => {
    await abandoned();
    clock.goTo(clock.now() + 2 * itemLeaseMs);
    processorWith({ process: 'p2', isShared: true }).start();
    await pass(4_900);
    expect(ids()).toEqual([]);
    await pass(200);
    expect(ids()).toEqual(['a']);
  });

  test('is told from one that could not reach the store: that one renews first', async () => {
    const alive = holding();
    processorWith({ process: 'p1', isShared: true, handle: alive.handle, workers: 1 }).start();
    await enqueue(store, [due('held')]);
    await quiet();
    const [, second] = [started[0], processorWith({ process: 'p2', isShared: true })];
    // The store is away for two leases, and the other process notices first that it is back.
    beforeScript = () => {
      throw new StoreUnavailableError('away');
    };
    clock.goTo(clock.now() + 2 * itemLeaseMs);
    await quiet();
    beforeScript = () => undefined;
    second.start();
    second.resync();
    await quiet();
    expect(ids()).toEqual(['held']);
    started[0]?.resync();
    await quiet();
    clock.goTo(clock.now() + 6_000);
    await quiet();
    expect(ids()).toEqual(['held']);
  });
});

test('an item that is put back is served again at its new time', async () => {
  processorWith({
    handle: async (item) => {
      handled.push(item);
      const again = { nowMs: clock.now(), isAttempt: true, delaysMs: [3_000] };
      if (item.attempt < 2) await requeue(store, item, again);
      else await dequeue(store, item);
    },
  }).start();
  const nowMs = clock.now();
  await enqueue(store, [due('a')]);
  await quiet();
  for (let i = 0; i < 2; i += 1) {
    clock.goTo(clock.nextMs ?? 0);
    await quiet();
  }
  expect(handled.map(({ attempt }) => attempt)).toEqual([0, 1, 2]);
  expect(clock.now() - nowMs).toBe(6_000);
});
