/** A start from disk puts items back by what memory holds of them; the result is that of looking each of them up. */
import { expect, test } from 'bun:test';
import type { NewItem } from '../../../src/queue/item.ts';
import { enqueue, rebuild, rebuildFields, rebuildKnown } from '../../../src/queue/queue.ts';
import type { Reply } from '../../../src/store/store.ts';
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

/** Of the reply of `run_jobs`, five fields per item. */
function idsOf(reply: Reply): string[] {
  return [reply]
    .flat()
    .filter((_, at) => at % 5 === 0)
    .map(String)
    .sort();
}

/** What orders the items, and which of them each run knows, after a restart and a rebuild of one kind or the other. */
async function rebuilt(dataDir: string, how: 'looked up' | 'known') {
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
  const ordered = store
    .keys(/:x:/)
    .filter((key) => call('TYPE', key) === 'zset')
    .map((key) => [key, call('ZRANGE', key, 0, -1, 'WITHSCORES')] as const);
  const jobs = items.map(({ runId }) => {
    return [runId, idsOf(store.runSync('run_jobs', [runId, 9]))] as const;
  });
  await store.close();
  return { ordered: new Map(ordered), jobs: new Map(jobs) };
}

test('the indexes are the same whether items are looked up or known', async () => {
  const dataDir = temporaryDirectory();
  const { store } = await openProbe({ dataDir });
  await enqueue(store, items);
  await store.close();
  const lookedUp = await rebuilt(dataDir, 'looked up');
  expect(await rebuilt(dataDir, 'known')).toEqual(lookedUp);
  expect(lookedUp.jobs.get('run1')).toEqual(['i1', 'i1201', 'i401', 'i801']);
  // All of its items are deadlines, which are no jobs.
  expect(lookedUp.jobs.get('run5')).toEqual([]);
});

test('fields of hashes are read as they are, whatever characters are in them', async () => {
  const dataDir = temporaryDirectory();
  const hard = ['', '"', '\\', '\\"', 'a"b', 'a\\', '\n', '","p","', '[', ',', '\u2028', 'é😀'];
  const before = await openProbe({ dataDir });
  for (const [at, text] of hard.entries()) {
    before.call('HSET', `name:${at}`, `f${text}`, 'x', 'p', 'one', 'q', 'two');
    before.call('HSET', `value:${at}`, 'f', text, 'p', `a${text}`, 'q', text);
    before.call('HSET', `last:${at}`, 'f', text, 'p', text);
  }
  await before.store.close();
  const { store } = await openProbe({ dataDir });
  for (const [at, text] of hard.entries()) {
    const read = (kind: string): unknown =>
      Object.fromEntries(store.hashes(`${kind}:`, ['q', 'p']))[at];
    expect(read('name')).toEqual(['two', 'one']);
    expect(read('value')).toEqual([text, `a${text}`]);
    expect(read('last')).toEqual([null, text]);
  }
  await store.close();
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
