import { describe, expect, test } from 'bun:test';
import { concurrencyKeysOf, functionLimit } from '../../src/flow/concurrency.ts';
import type {
  ConcurrencyLimit,
  FunctionDefinition,
  FunctionId,
} from '../../src/function/definition.ts';
import { World } from '../simulation/world.ts';

const fn = (id: string, ...concurrency: ConcurrencyLimit[]): FunctionDefinition =>
  ({ id: id as FunctionId, concurrency }) as unknown as FunctionDefinition; // only these two are read
const event = (data: Record<string, unknown>) => ({ name: 'e', data, user: {}, id: 'i', ts: 0 });
const byUser = { limit: 2, key: 'event.data.user', scope: 'fn' } as const;

test('the entry without a key is the function’s own limit and carries no key', () => {
  const limited = fn('f', { limit: 3, scope: 'fn' }, byUser);
  expect(functionLimit(limited)).toBe(3);
  expect(functionLimit(fn('f', byUser))).toBe(0);
  expect(concurrencyKeysOf(limited, event({ user: 1 }))).toHaveLength(1);
});

describe('a key', () => {
  const keyOf = (id: string, limit: ConcurrencyLimit, data: Record<string, unknown>) =>
    concurrencyKeysOf(fn(id, limit), event(data))[0]?.key;

  test('is the same for the same value and another for another', () => {
    expect(keyOf('f', byUser, { user: 'a' })).toBe(
      keyOf('f', byUser, { user: 'a', more: 1 }) ?? '',
    );
    expect(keyOf('f', byUser, { user: 'a' })).not.toBe(keyOf('f', byUser, { user: 'b' }));
  });

  test('belongs to its function, or is shared by all that use the same expression', () => {
    const ofAll = { ...byUser, scope: 'env' } as const;
    const data = { user: 'a', other: 'a' };
    expect(keyOf('f', byUser, data)).not.toBe(keyOf('g', byUser, data));
    expect(keyOf('f', ofAll, data)).toBe(keyOf('g', ofAll, data) ?? '');
    expect(keyOf('f', ofAll, data)).not.toBe(
      keyOf('g', { ...ofAll, key: 'event.data.other' }, data),
    );
    expect(keyOf('f', ofAll, data)).not.toBe(keyOf('f', { ...ofAll, scope: 'account' }, data));
  });

  test('of events without the value, and of expressions that fail, is one bucket', () => {
    const strange = { ...byUser, key: 'event.data.user.name' } as const;
    expect(keyOf('f', byUser, {})).toBe(keyOf('f', byUser, { user: false }) ?? '');
    expect(keyOf('f', strange, {})).toBe(keyOf('f', strange, { user: 1 }) ?? '');
  });
});

describe('in the simulator', () => {
  test('runs of one key take turns, those of another do not wait for them, and sleeping holds nothing', async () => {
    const world = await World.create();
    await world.define(
      'fn',
      { concurrency: { limit: 1, key: 'event.data.user' } },
      async ({ step }) => {
        await step.run('a', () => 1);
        await step.sleep('nap', '1m');
      },
    );
    const release = world.app.hold(() => true);
    for (const user of ['x', 'x', 'y']) await world.accept('test/go', { user });
    await world.settle();
    expect(world.app.calls.map(({ event: text }) => JSON.parse(text).data.user)).toEqual([
      'x',
      'y',
    ]);
    release();
    await world.settle();
    expect(new Set(world.app.calls.map(({ runId }) => runId)).size).toBe(3);
    await world.advance(60_000);
    expect(world.ended()).toHaveLength(3);
    await world.close();
  });
});
