import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { Fact } from '../../src/history/fact.ts';
import type { History } from '../../src/history/history.ts';
import { HistoryUnavailableError } from '../../src/history/history_error.ts';
import { openHistory } from '../../src/history/open_history.ts';
import {
  OutboxPump,
  type OutboxPumpOptions,
  stuckMs,
  waitingBytesMax,
} from '../../src/history/outbox_pump.ts';
import type { Clock, Timer } from '../../src/lib/clock.ts';
import { outward } from '../../src/store/outward.ts';
import type { Reply, Store } from '../../src/store/store.ts';
import { eventually } from '../eventually.ts';
import { eventFact, stepFact, textsOf } from './facts.ts';

/** The outbox and its two scripts, with places to fail. */
class OutboxStore implements Store {
  outbox: string[] = [];
  trimmed = 0;
  reads = 0;
  failNext: 'outbox_read' | 'outbox_trim' | 'settled' | null = null;
  unsettled = false;
  beforeTrim: () => void = () => {};

  async run(script: string, args: readonly (string | number)[]): Promise<Reply> {
    this.#failAt(script);
    const count = Number(args[0]);
    if (script === 'outbox_read') {
      this.reads += 1;
      return [this.trimmed, this.outbox.length, 0, ...this.outbox.slice(0, count)];
    }
    if (script !== 'outbox_trim') throw new Error(`no script ${script}`);
    this.beforeTrim();
    if (args[1] !== this.trimmed || args[2] !== this.outbox[count - 1]) return 0;
    this.outbox.splice(0, count);
    this.trimmed += count;
    return 1;
  }

  async settled(): Promise<void> {
    this.#failAt('settled');
    this.unsettled = false;
  }

  subscribe(): () => void {
    return () => {};
  }

  trouble(): null {
    return null;
  }

  async close(): Promise<void> {}

  #failAt(place: string): void {
    if (this.failNext !== place) return;
    this.failNext = null;
    throw new Error(`${place} failed`);
  }
}

/** Time that stands still until a test moves it. */
class StillClock implements Clock {
  #nowMs = 1_000_000;
  #timers: { atMs: number; fire: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  at(atMs: number, fire: () => void): Timer {
    const timer = { atMs, fire };
    this.#timers.push(timer);
    return { cancel: () => this.#remove(timer) };
  }

  nextMs(): number | null {
    return this.#timers.length === 0
      ? null
      : Math.min(...this.#timers.map(({ atMs }) => atMs)) - this.#nowMs;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const timer of this.#timers.filter(({ atMs }) => atMs <= this.#nowMs)) {
      this.#remove(timer);
      timer.fire();
    }
  }

  #remove(timer: { atMs: number }): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
  }
}

const store = new OutboxStore();
let clock: StillClock;
let history: History;
let logged: string[];
let batches: number[];
let failures: Error[];

beforeEach(async () => {
  Object.assign(store, new OutboxStore());
  clock = new StillClock();
  history = await openHistory({ kind: 'sqlite', path: null });
  logged = [];
  batches = [];
  failures = [];
});

afterEach(() => history.close());

function makePump(changes: Partial<OutboxPumpOptions> = {}): OutboxPump {
  return new OutboxPump({
    store,
    clock,
    batchMax: 100,
    random: () => 0.999,
    log: {
      warn: (message) => logged.push(`warn: ${message}`),
      error: (message) => logged.push(`error: ${message}`),
    },
    history: {
      // As the server wires it: what history is told is on disk.
      record: outward(store)(async (facts: readonly string[]) => {
        expect(store.unsettled).toBe(false);
        const failure = failures.shift();
        if (failure) throw failure;
        batches.push(facts.length);
        await history.record(facts);
      }),
    },
    ...changes,
  });
}

function write(...facts: Fact[]): void {
  store.outbox.push(...textsOf(facts));
  store.unsettled = true;
}

function manyEvents(count: number, from = 0): Fact[] {
  return Array.from({ length: count }, (_, n) =>
    eventFact({ internalId: `e${String(from + n).padStart(6, '0')}` }),
  );
}

async function recordedEvents(): Promise<number> {
  return (await history.events({ limit: 1_000 })).length;
}

test('what an earlier process left is carried at the start', async () => {
  write(...manyEvents(3));
  const pump = makePump();
  pump.start();
  await pump.idle();
  expect(await recordedEvents()).toBe(3);
  expect(store.outbox).toEqual([]);
  await pump.stop();
});

test('a reader who waits for an idle pump gets a fact that was written just now', async () => {
  const pump = makePump();
  pump.start();
  await pump.idle();
  clock.advance(1_000);
  write(eventFact());
  pump.wake();
  expect(clock.nextMs()).toBe(20);
  await pump.idle();
  expect(await recordedEvents()).toBe(1);
  await pump.stop();
});

test('an idle pump neither reads nor sets timers', async () => {
  const pump = makePump();
  pump.start();
  await pump.idle();
  expect(store.reads).toBe(1);
  expect(clock.nextMs()).toBeNull();
  clock.advance(3_600_000);
  expect(store.reads).toBe(1);
  await pump.stop();
});

describe('while calls are under way', () => {
  test('facts wait for company, counted from the first and never put off again', async () => {
    const pump = makePump();
    pump.start();
    await pump.idle();
    write(...manyEvents(1));
    pump.wake();
    expect(clock.nextMs()).toBe(20);
    clock.advance(19);
    write(...manyEvents(1, 1));
    pump.wake();
    expect(clock.nextMs()).toBe(1);
    expect(store.reads).toBe(1);
    clock.advance(1);
    await pump.idle();
    expect(batches).toEqual([2]);
    await pump.stop();
  });

  test('many facts do not wait', async () => {
    const pump = makePump({ batchMax: 1_000 });
    pump.start();
    await pump.idle();
    write(...manyEvents(200));
    pump.wake(199);
    expect(store.reads).toBe(1);
    pump.wake();
    expect(store.reads).toBe(2);
    await pump.idle();
    expect(batches).toEqual([200]);
    await pump.stop();
  });

  test('whoever waits for an idle pump does not wait for company', async () => {
    const pump = makePump();
    pump.start();
    await pump.idle();
    write(eventFact());
    pump.wake();
    await pump.idle();
    expect(await recordedEvents()).toBe(1);
    await pump.stop();
  });
});

test('a long outbox goes in batches, one at a time', async () => {
  write(...manyEvents(250));
  const pump = makePump();
  pump.start();
  pump.wake();
  pump.wake();
  await pump.idle();
  expect(batches).toEqual([100, 100, 50]);
  expect(await recordedEvents()).toBe(250);
  await pump.stop();
});

test('facts that are written while a batch is in flight are carried too', async () => {
  write(...manyEvents(1));
  const pump = makePump();
  let isFirst = true;
  store.beforeTrim = () => {
    if (!isFirst) return;
    isFirst = false;
    write(...manyEvents(1, 1));
    pump.wake();
  };
  pump.start();
  await pump.idle();
  expect(await recordedEvents()).toBe(2);
  expect(store.outbox).toEqual([]);
  await pump.stop();
});

test('while history is away facts stay, and are tried again after growing pauses', async () => {
  const away = new HistoryUnavailableError('disk full');
  failures = Array.from({ length: 12 }, () => away);
  write(...manyEvents(2));
  const pump = makePump();
  pump.start();
  const idle = pump.idle();
  const pausesMs: number[] = [];
  for (let failure = 1; failure <= 12; failure++) {
    await eventually(() => pump.failures === failure && clock.nextMs() !== null, { intervalMs: 0 });
    expect(store.outbox).toHaveLength(2);
    pausesMs.push(clock.nextMs() ?? 0);
    pump.wake();
    clock.advance(clock.nextMs() ?? 0);
  }
  await idle;
  expect(pausesMs).toEqual(
    [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000].map((ms) =>
      Math.ceil(ms * 0.9995),
    ),
  );
  expect(pump.failures).toBe(0);
  expect(logged).toHaveLength(12);
  expect(await recordedEvents()).toBe(2);
  expect(store.outbox).toEqual([]);
  await pump.stop();
});

test('what was away and is back is tried at once, whatever the backoff', async () => {
  failures = Array.from({ length: 5 }, () => new HistoryUnavailableError('disk full'));
  write(...manyEvents(2));
  const pump = makePump();
  pump.start();
  for (let failure = 1; failure <= 5; failure++) {
    await eventually(() => pump.failures === failure && clock.nextMs() !== null, { intervalMs: 0 });
    expect(pump.isCaughtUp).toBe(false);
    pump.retry();
  }
  await pump.idle();
  expect(await recordedEvents()).toBe(2);
  expect(pump.isCaughtUp).toBe(true);
  await pump.stop();
});

describe('is behind', () => {
  const away = (count: number) =>
    Array.from({ length: count }, () => new HistoryUnavailableError('disk full'));
  const failed = (pump: OutboxPump, times: number) =>
    eventually(() => pump.failures === times && clock.nextMs() !== null, { intervalMs: 0 });

  test('with over 200 000 facts in the outbox, until they have been carried', async () => {
    store.outbox.push(...Array.from({ length: 200_002 }, () => 'fact'));
    let letRecord = (): void => undefined;
    const recording = new Promise<void>((resolve) => {
      letRecord = resolve;
    });
    const pump = makePump({ batchMax: 1_000, history: { record: () => recording } });
    expect(pump.isBehind).toBe(false);
    pump.start();
    await eventually(() => pump.isBehind, { intervalMs: 0 });
    letRecord();
    await pump.idle();
    expect(pump.isBehind).toBe(false);
    await pump.stop();
  });

  test('with over 200 000 facts written since the last look, while history is away', async () => {
    failures = away(1);
    write(eventFact());
    const pump = makePump();
    pump.start();
    await failed(pump, 1);
    pump.wake(199_999);
    expect(pump.isBehind).toBe(false);
    pump.wake();
    expect(pump.isBehind).toBe(true);
    // The outbox knows better.
    clock.advance(100);
    await pump.idle();
    expect(pump.isBehind).toBe(false);
    await pump.stop();
  });

  test('with over 50 000 facts once history has been away for more than a minute', async () => {
    failures = away(2);
    store.outbox.push(...Array.from({ length: 50_001 }, () => 'fact'));
    const pump = makePump({
      batchMax: 1_000,
      history: {
        record: async () => {
          const failure = failures.shift();
          if (failure) throw failure;
        },
      },
    });
    pump.start();
    await failed(pump, 1);
    clock.advance(60_000);
    await failed(pump, 2);
    expect(pump.isBehind).toBe(false);
    clock.advance(1);
    expect(pump.isBehind).toBe(true);
    clock.advance(200);
    await pump.idle();
    expect(pump.isBehind).toBe(false);
    await pump.stop();
  });

  test('with over 256 MiB in the outbox, however few facts they are, until they have been carried', async () => {
    failures = away(1);
    write(eventFact());
    const pump = makePump();
    pump.start();
    await failed(pump, 1);
    pump.wake(300, waitingBytesMax - pump.backlogBytes);
    expect(pump.isBehind).toBe(false);
    pump.wake(1, 1);
    expect(pump.isBehind).toBe(true);
    clock.advance(100);
    await pump.idle();
    expect([pump.isBehind, pump.backlogBytes]).toEqual([false, 0]);
    await pump.stop();
  });

  test('with as many bytes that an earlier process left there', async () => {
    failures = away(1);
    const megabyte = 'x'.repeat(1024 * 1024);
    store.outbox.push(...Array.from({ length: 257 }, () => megabyte));
    const record = async () => {
      const failure = failures.shift();
      if (failure) throw failure;
    };
    const pump = makePump({ batchMax: 8, history: { record } });
    pump.start();
    await failed(pump, 1);
    expect(pump.isBehind).toBe(true);
    clock.advance(100);
    await pump.idle();
    expect([pump.isBehind, pump.backlogBytes]).toEqual([false, 0]);
    await pump.stop();
  });

  test('not with few facts, however long history is away', async () => {
    failures = away(1);
    write(eventFact());
    const pump = makePump();
    pump.start();
    await failed(pump, 1);
    pump.wake(49_999);
    clock.advance(99);
    expect(pump.isBehind).toBe(false);
    await pump.stop();
  });
});

describe('a wait for an idle pump', () => {
  test('ends after the time given for it, and leaves nothing behind', async () => {
    failures = [new HistoryUnavailableError('disk full')];
    write(eventFact());
    const pump = makePump();
    pump.start();
    await eventually(() => pump.failures === 1 && clock.nextMs() !== null, { intervalMs: 0 });
    const waits = Array.from({ length: 1_000 }, () => pump.idle(50));
    expect(pump.waiters).toBe(1_000);
    clock.advance(50);
    await Promise.all(waits);
    expect(pump.waiters).toBe(0);
    await pump.stop();
  });

  test('sets no timer beyond its end', async () => {
    write(eventFact());
    const pump = makePump();
    pump.start();
    await pump.idle(250);
    expect([pump.waiters, clock.nextMs()]).toEqual([0, null]);
    await pump.stop();
  });
});

test.each(['outbox_read', 'settled', 'outbox_trim'] as const)(
  'a failure at %s is retried',
  async (place) => {
    write(...manyEvents(2), stepFact());
    store.failNext = place;
    const pump = makePump();
    pump.start();
    const idle = pump.idle();
    await eventually(() => clock.nextMs() !== null);
    expect(pump.failures).toBe(1);
    clock.advance(100);
    await idle;
    expect(await recordedEvents()).toBe(2);
    expect(await history.factsOf('run-1')).toHaveLength(1);
    expect(store.outbox).toEqual([]);
    await pump.stop();
  },
);

test('a crash between recording and trimming carries the facts twice and shows them once', async () => {
  write(...manyEvents(2), stepFact());
  const crashed = makePump();
  store.failNext = 'outbox_trim';
  crashed.start();
  await eventually(() => clock.nextMs() !== null);
  await crashed.stop();
  expect(store.outbox).toHaveLength(3);
  expect(await recordedEvents()).toBe(2);
  const pump = makePump();
  pump.start();
  await pump.idle();
  expect(batches).toEqual([3, 3]);
  expect(store.outbox).toEqual([]);
  expect(await recordedEvents()).toBe(2);
  expect(await history.factsOf('run-1')).toHaveLength(1);
  await pump.stop();
});

test('a server does not trim what another has trimmed already', async () => {
  write(...manyEvents(3));
  const pump = makePump({ batchMax: 2 });
  let isFirst = true;
  store.beforeTrim = () => {
    if (!isFirst) return;
    isFirst = false;
    store.outbox.splice(0, 2);
    store.trimmed += 2;
  };
  pump.start();
  await pump.idle();
  expect(await recordedEvents()).toBe(3);
  await pump.stop();
});

test('a fact that history cannot read is reported and does not hold up the others', async () => {
  store.outbox.push('{"t":"nonsense"}');
  write(...manyEvents(2));
  const pump = makePump();
  pump.start();
  await pump.idle();
  expect(store.outbox).toEqual([]);
  expect(await recordedEvents()).toBe(2);
  expect(logged).toEqual([expect.stringContaining('error: history cannot read some facts')]);
  await pump.stop();
});

test('a stopped pump finishes its batch, begins no other and lets go of those who wait', async () => {
  write(...manyEvents(250));
  const pump = makePump();
  pump.start();
  const idle = pump.idle();
  await pump.stop();
  await idle;
  expect(batches.length).toBeLessThanOrEqual(1);
  const left = store.outbox.length;
  pump.wake();
  await pump.idle();
  expect(store.outbox).toHaveLength(left);
  pump.start();
  await pump.idle();
  expect(await recordedEvents()).toBe(250);
  await pump.stop();
});

describe('while history does not answer', () => {
  test('a batch that it has had for ten seconds is stuck, until it is answered', async () => {
    const answer = Promise.withResolvers<void>();
    write(eventFact());
    const pump = makePump({ history: { record: () => answer.promise } });
    pump.start();
    await eventually(() => store.reads === 1, { intervalMs: 0 });
    await new Promise<void>((done) => setImmediate(done));
    clock.advance(stuckMs - 1);
    expect(pump.isStuck).toBe(false);
    clock.advance(1);
    expect(pump.isStuck).toBe(true);
    answer.resolve();
    await pump.idle();
    expect(pump.isStuck).toBe(false);
    await pump.stop();
  });

  test('a pump stops after the time given for it, and the batch stays in the outbox', async () => {
    write(eventFact());
    const pump = makePump({ history: { record: () => new Promise(() => undefined) } });
    pump.start();
    await eventually(() => store.reads === 1, { intervalMs: 0 });
    const stopped = pump.stop(4_000);
    clock.advance(4_000);
    expect(await stopped).toBe(false);
    expect(store.outbox).toHaveLength(1);
  });
});

test('a batch has 1 to 1000 facts', () => {
  expect(() => makePump({ batchMax: 0 })).toThrow(RangeError);
  expect(() => makePump({ batchMax: 1_001 })).toThrow(RangeError);
});
