/** Mutations while the store or history is away: what was done is said, whatever failed beside it. */
import { expect, test } from 'bun:test';
import { HistoryBusyError } from '../../../src/history/history_error.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';
import { openDoor, otherRunId, runId } from '../door.ts';
import { send } from './client.ts';

const away = new StoreUnavailableError('disk full');

test('a mutation whose later field meets a store that is away still says what is done', async () => {
  const door = openDoor();
  door.world.settled = async () => {
    if (door.world.accepted.length > 1) throw away;
  };
  const field = 'invokeFunction(functionSlug: "shop-charge", data: {})';
  const answer = await send(door, `mutation { a: ${field} b: ${field} }`);
  expect(answer.status).toBe(200);
  expect(answer.at('a')).toBe(true);
  expect(answer.at('b')).toBeNull();
  expect(answer.errors).toMatchObject([{ path: ['b'], extensions: { code: 'store_unavailable' } }]);
  expect(answer.errors[0]?.message).toContain('only this field');
});

test('a first field that fails does not hide that a later one was done', async () => {
  const door = openDoor();
  let calls = 0;
  door.world.settled = async () => {
    calls += 1;
    if (calls === 1) throw away;
  };
  const field = 'invokeFunction(functionSlug: "shop-charge", data: {})';
  const answer = await send(door, `mutation { a: ${field} b: ${field} }`);
  expect([answer.status, answer.at('a'), answer.at('b')]).toEqual([200, null, true]);
});

test('a mutation of which nothing was done is 503', async () => {
  const door = openDoor();
  door.world.failure = away;
  const query = `mutation { a: rerun(runID: "${runId}") b: rerun(runID: "${otherRunId}") }`;
  const body = { query };
  const answer = await door.knock('POST', '/v0/gql', body, { 'content-type': 'application/json' });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
});

test('a reader with too much to do is 503 with a code of its own', async () => {
  const door = openDoor();
  door.world.failure = new HistoryBusyError('256 searches are under way');
  const query = '{ eventsV2(filter: {from: "2026-01-01T00:00:00Z"}) { edges { cursor } } }';
  const answer = await door.knock(
    'POST',
    '/v0/gql',
    { query },
    { 'content-type': 'application/json' },
  );
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
  expect(answer.at('errors', '0', 'extensions', 'code')).toBe('busy');
  expect(answer.at('errors', '0', 'message')).toContain('many searches');
});
