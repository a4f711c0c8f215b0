/** Whether history can be read: noticed by the reads of others, and by a look when somebody asks. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { freshHistory } from '../../src/history/fresh_history.ts';
import type { History } from '../../src/history/history.ts';
import { HistoryUnavailableError, QueryError } from '../../src/history/history_error.ts';
import { openHistory } from '../../src/history/open_history.ts';
import { ReadWatch } from '../../src/history/read_watch.ts';
import { FakeClock } from '../fake_clock.ts';

let clock: FakeClock;
let history: History;
/** What reads by key do before they are done. */
let before: () => Promise<void>;
let looks: number;
let watch: ReadWatch;

beforeEach(async () => {
  clock = new FakeClock();
  history = await openHistory({ kind: 'sqlite', path: null });
  before = async () => undefined;
  looks = 0;
  const run: History['run'] = async (id) => {
    if (id === '') looks += 1;
    await before();
    return history.run(id);
  };
  watch = new ReadWatch({ ...freshHistory(history, { idle: async () => undefined }), run }, clock);
});
afterEach(() => history.close());

const away = () => Promise.reject(new HistoryUnavailableError('away'));
const turn = () => new Promise<void>((done) => setImmediate(done));

test('a read that fails is told at once, and a look that succeeds takes it back', async () => {
  expect(watch.trouble()).toBeNull();
  before = away;
  await expect(watch.watched().run('run-1')).rejects.toThrow('away');
  expect(watch.trouble()).toBe('history cannot be read');
  await turn();
  before = async () => undefined;
  clock.advance(4_999);
  expect(watch.trouble()).toBe('history cannot be read');
  clock.advance(1);
  watch.trouble();
  await turn();
  expect(watch.trouble()).toBeNull();
});

test('a server that nobody reads from notices when it is asked', async () => {
  watch.trouble();
  await turn();
  before = away;
  clock.advance(5_000);
  expect(watch.trouble()).toBeNull();
  await turn();
  expect(watch.trouble()).toBe('history cannot be read');
});

test('a read that is never answered is noticed, and looked at only once at a time', async () => {
  before = () => new Promise(() => undefined);
  for (let ms = 0; ms < 5_000; ms += 500) {
    expect(watch.trouble()).toBeNull();
    clock.advance(500);
  }
  expect(watch.trouble()).toBe('history does not answer reads');
  expect(looks).toBe(1);
});

test('an expression that is wrong says nothing about history', async () => {
  const wrong = watch.watched().countEvents({ query: '(' });
  await expect(wrong).rejects.toBeInstanceOf(QueryError);
  expect(watch.trouble()).toBeNull();
});

test('without questions nothing is looked at', async () => {
  await watch.watched().run('run-1');
  clock.advance(3_600_000);
  await turn();
  expect(looks).toBe(0);
});
