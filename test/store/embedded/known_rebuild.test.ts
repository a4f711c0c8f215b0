/** A start from disk puts items back by what memory holds of them; the result is that of looking each of them up. */
import { expect, test } from 'bun:test';
import type { NewItem } from '../../../src/queue/item.ts';
import { enqueue, rebuild, rebuildFields, rebuildKnown } from '../../../src/queue/queue.ts';
import { openProbe, temporaryDirectory } from './probe.ts';

const items = Array.from({ length: 1_203 }, (_, at): NewItem => {
  return {
    id: `i${at}`,
    partition: at % 3 === 0 ? 'timers' : `fn-${at % 2}`,
    kind: at % 5 === 0 ? 'deadline' : 'sleep',
    runId: at % 7 === 0 ? '' : `run${at % 400}`,
    atMs: 1_800_000_000_000 + ((at * 7_919) % 1_000),
    scoreMs: 1_800_000_000_000 + ((at * 7_919) % 1_000),
    attemptsMax: 4,
    data: '{}',
  };
});

/** Everything below <prefix>:x:, after a restart and a rebuild of one kind or the other. */
async function rebuilt(dataDir: string, how: 'looked up' | 'known'): Promise<unknown> {
  const { store, call } = await openProbe({ dataDir });
  const prefix = '{inngest}:item:';
  const count =
    how === 'known'
      ? await rebuildKnown(store, store.hashes(prefix, rebuildFields))
      : await rebuild(
          store,
          store.keys(/:item:/).map((key) => key.slice(prefix.length)),
        );
  expect(count).toBe(items.length);
  const found = store.keys(/:x:/).sort();
  const contents = found.map((key) =>
    call('TYPE', key) === 'zset'
      ? [key, call('ZRANGE', key, 0, -1, 'WITHSCORES')]
      : [key, [call('SMEMBERS', key)].flat().map(String).sort()],
  );
  await store.close();
  return contents;
}

test('the indexes are the same whether items are looked up or known', async () => {
  const dataDir = temporaryDirectory();
  const { store } = await openProbe({ dataDir });
  await enqueue(store, items);
  await store.close();
  const lookedUp = await rebuilt(dataDir, 'looked up');
  expect(await rebuilt(dataDir, 'known')).toEqual(lookedUp);
  expect(JSON.stringify(lookedUp)).toContain('{inngest}:x:run:run1');
});

test('some fields of hashes are read without unpacking or changing anything', async () => {
  const dataDir = temporaryDirectory();
  const before = await openProbe({ dataDir });
  before.call('HSET', 'a:1', 'p', 'one', 'q', 'two');
  before.call('HSET', 'a:2', 'q', 'three');
  before.call('HSET', 'a:gone', 'p', 'x');
  before.call('PEXPIRE', 'a:gone', 1_000);
  before.call('SET', 'a:text', 'p');
  before.call('HSET', 'b:1', 'p', 'x');
  await before.store.close();
  const after = await openProbe({ dataDir });
  after.clock.advance(1_000);
  const fields = (): unknown => [...after.store.hashes('a:', ['q', 'p'])];
  const expected = [
    ['1', ['two', 'one']],
    ['2', ['three', null]],
  ];
  expect(fields()).toEqual(expected);
  expect(after.call('HGET', 'a:1', 'p')).toBe('one');
  expect(fields()).toEqual(expected);
  await after.store.close();
});
