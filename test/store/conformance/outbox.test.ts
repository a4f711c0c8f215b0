/** The outbox's scripts, code by code (lua/outbox_*.lua). */
import { beforeEach, expect, test } from 'bun:test';
import { Annotations } from '../../../src/history/annotations.ts';
import type { MetadataFact } from '../../../src/history/fact.ts';
import { readOutbox, trimOutbox } from '../../../src/history/outbox.ts';
import { listenFor, type StoreUnderTest } from '../../store_under_test.ts';
import { conformance } from './suite.ts';

const fillScript = `for i = 1, #ARGV do redis.call('RPUSH', KEYS[1] .. ':outbox', ARGV[i]) end return 1`;

const metadata = (changes: Partial<MetadataFact>): MetadataFact => ({
  ...{ t: 'metadata', id: '01K000000000000000000000A0', runId: 'r', atMs: 1, scope: 'run' },
  ...{ kind: 'userland.note', op: 'merge', values: '{}', ...changes },
});

conformance('outbox', (engine) => {
  let under: StoreUnderTest;
  let store: StoreUnderTest['store'];

  beforeEach(async () => {
    under = await engine.open({ extraScripts: { outbox_fill: fillScript } });
    store = under.store;
  });

  async function fill(...facts: string[]): Promise<void> {
    await store.run('outbox_fill', facts);
  }

  function numbered(count: number): string[] {
    return Array.from({ length: count }, (_, n) => `fact ${n}`);
  }

  test('an empty outbox has no facts', async () => {
    expect(await readOutbox(store, 10)).toEqual({
      facts: [],
      length: 0,
      position: 0,
      heldUntilMs: null,
    });
  });

  test.each([1, 15, 16, 17, 32, 40])(
    'reading %d facts of 40 gives the oldest and leaves them there',
    async (count) => {
      await fill(...numbered(40));
      const page = await readOutbox(store, count);
      expect(page).toEqual({
        facts: numbered(40).slice(0, count),
        length: 40,
        position: 0,
        heldUntilMs: null,
      });
      expect(await readOutbox(store, count)).toEqual(page);
    },
  );

  test('facts from outside come to it as they are told, and those who listen hear of them', async () => {
    const heard = await listenFor(under, 'facts');
    const values = '{"é":1}';
    await new Annotations(store).add([metadata({ values }), metadata({ op: 'delete' })]);
    await new Annotations(store).add([]);
    const { facts } = await readOutbox(store, 10);
    const bytes = Buffer.byteLength(facts.join(''));
    expect(await heard()).toEqual([`2 ${bytes}`]);
    expect(facts.map((fact) => JSON.parse(fact))).toEqual([
      metadata({ values }),
      metadata({ op: 'delete' }),
    ]);
  });

  test('trimmed facts are gone and the next page follows them', async () => {
    await fill(...numbered(40));
    expect(await trimOutbox(store, await readOutbox(store, 30))).toBe(true);
    const rest = await readOutbox(store, 30);
    expect(rest).toEqual({
      facts: numbered(40).slice(30),
      length: 10,
      position: 30,
      heldUntilMs: null,
    });
    expect(await trimOutbox(store, rest)).toBe(true);
    await fill('later');
    expect(await readOutbox(store, 30)).toEqual({
      facts: ['later'],
      length: 1,
      position: 40,
      heldUntilMs: null,
    });
  });

  test('a page that another server trimmed first is not trimmed twice', async () => {
    await fill(...numbered(5));
    const page = await readOutbox(store, 2);
    const same = await readOutbox(store, 3);
    expect(await trimOutbox(store, page)).toBe(true);
    expect(await trimOutbox(store, same)).toBe(false);
    expect((await readOutbox(store, 9)).facts).toEqual(numbered(5).slice(2));
  });

  test('what one reader has is held from others until it is trimmed or its time is over', async () => {
    await fill(...numbered(5));
    const claim = (reader: string, nowMs: number) => ({ reader, nowMs, untilMs: nowMs + 100 });
    const first = await readOutbox(store, 2, claim('a', 1_000));
    expect(first).toMatchObject({ facts: ['fact 0', 'fact 1'], heldUntilMs: null });
    const held = { facts: [], length: 5, position: 0, heldUntilMs: 1_100 };
    expect(await readOutbox(store, 2, claim('b', 1_000))).toEqual(held);
    expect(await readOutbox(store, 2, claim('b', 1_099))).toEqual(held);
    expect((await readOutbox(store, 2, claim('a', 1_050))).facts).toHaveLength(2);
    expect((await readOutbox(store, 2, claim('b', 1_149))).heldUntilMs).toBe(1_150);
    expect((await readOutbox(store, 2, claim('b', 1_150))).facts).toHaveLength(2);
    expect(await trimOutbox(store, first)).toBe(true);
    expect((await readOutbox(store, 9, claim('a', 1_150))).facts).toHaveLength(3);
  });

  test('the only reader holds nothing and is not held up', async () => {
    await fill('fact');
    expect((await readOutbox(store, 9)).facts).toEqual(['fact']);
    expect(await under.keys()).toEqual(['outbox']);
    await readOutbox(store, 9, { reader: 'a', nowMs: 1_000, untilMs: 2_000 });
    expect((await readOutbox(store, 9)).facts).toEqual(['fact']);
  });

  test('who finds nothing holds nothing', async () => {
    await readOutbox(store, 9, { reader: 'a', nowMs: 1_000, untilMs: 2_000 });
    expect(await under.keys()).toEqual([]);
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
});
