import { afterEach, beforeEach, expect, test } from 'bun:test';
import { readOutbox, trimOutbox } from '../../src/history/outbox.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { openEmbeddedStore } from '../../src/store/embedded/engine.ts';
import type { Store } from '../../src/store/store.ts';

let store: Store;

beforeEach(async () => {
  store = await openEmbeddedStore({
    dataDir: null,
    clock: systemClock,
    extraScripts: {
      outbox_fill: `for i = 1, #ARGV do redis.call('RPUSH', KEYS[1] .. ':outbox', ARGV[i]) end return 1`,
    },
  });
});

afterEach(() => store.close());

async function fill(...facts: string[]): Promise<void> {
  await store.run('outbox_fill', facts);
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `fact ${n}`);
}

test('an empty outbox has no facts', async () => {
  expect(await readOutbox(store, 10)).toEqual({ facts: [], length: 0, position: 0 });
});

test.each([1, 15, 16, 17, 32, 40])(
  'reading %d facts of 40 gives the oldest and leaves them there',
  async (count) => {
    await fill(...numbered(40));
    const page = await readOutbox(store, count);
    expect(page).toEqual({ facts: numbered(40).slice(0, count), length: 40, position: 0 });
    expect(await readOutbox(store, count)).toEqual(page);
  },
);

test('trimmed facts are gone and the next page follows them', async () => {
  await fill(...numbered(40));
  expect(await trimOutbox(store, await readOutbox(store, 30))).toBe(true);
  const rest = await readOutbox(store, 30);
  expect(rest).toEqual({ facts: numbered(40).slice(30), length: 10, position: 30 });
  expect(await trimOutbox(store, rest)).toBe(true);
  await fill('later');
  expect(await readOutbox(store, 30)).toEqual({ facts: ['later'], length: 1, position: 40 });
});

test('a page that another server trimmed first is not trimmed twice', async () => {
  await fill(...numbered(5));
  const page = await readOutbox(store, 2);
  const same = await readOutbox(store, 3);
  expect(await trimOutbox(store, page)).toBe(true);
  expect(await trimOutbox(store, same)).toBe(false);
  expect((await readOutbox(store, 9)).facts).toEqual(numbered(5).slice(2));
});

test('big facts come fewer at a time, but always at least one', async () => {
  const megabyte = 'x'.repeat(1024 * 1024);
  await fill(megabyte.repeat(9), ...Array.from({ length: 20 }, () => megabyte));
  const first = await readOutbox(store, 1_000);
  expect(first.facts.map((fact) => fact.length)).toEqual([9 * megabyte.length]);
  await trimOutbox(store, first);
  const second = await readOutbox(store, 1_000);
  expect(second.facts).toHaveLength(8);
  expect(second.length).toBe(20);
});
