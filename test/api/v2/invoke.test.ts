import { expect, test } from 'bun:test';
import type { RunEndedFact } from '../../../src/history/fact.ts';
import { ulidTime } from '../../../src/lib/ulid.ts';
import { eventually } from '../../eventually.ts';
import { type Answer, charge } from '../door.ts';
import { type HistoryDoor, openHistoryDoor, testUlid } from '../history_door.ts';
import { knockValidated } from '../openapi/validated_door.ts';
import { errors, refusalOf } from './fixtures.ts';

const path = '/v2/apps/shop/functions/charge/invoke';
const hourMs = 60 * 60 * 1000;

/** What delivery does with the accepted event of this place: it starts a run, or skips one. */
async function deliver(
  door: HistoryDoor,
  index: number,
  end?: Partial<RunEndedFact>,
): Promise<string> {
  await eventually(() => door.world.accepted.length > index);
  const event = door.world.accepted[index];
  if (event === undefined) throw new Error('nothing was accepted');
  const runId = testUlid('run', index);
  const { internalId, receivedAtMs, payload } = event;
  const atMs = door.world.clock.now();
  await door.record(
    { t: 'event', internalId, receivedAtMs, payload: JSON.stringify(payload) },
    {
      t: 'run.scheduled',
      runId,
      functionId: charge.id,
      functionVersion: 3,
      functionSlug: charge.slug,
      functionName: charge.name,
      appId: charge.appId,
      appName: charge.appName,
      eventIds: [internalId],
      eventName: payload.name,
      atMs,
    },
  );
  if (end !== undefined)
    await door.record({ t: 'run.ended', runId, atMs, status: 'Skipped', ...end });
  return runId;
}

/** Time goes on until the answer is there. */
async function answered(door: HistoryDoor, answer: Promise<Answer>): Promise<Answer> {
  let result: Answer | null = null;
  void answer.then((given) => {
    result = given;
  });
  await eventually(() => {
    door.world.clock.advance(200);
    return result !== null;
  });
  return answer;
}

test('an invocation answers with the run that it starts', async () => {
  await using door = await openHistoryDoor();
  const answer = knockValidated(door, 'POST', path, { data: { n: 1 } });
  const runId = await deliver(door, 0);
  const { status, at } = await answered(door, answer);
  expect([status, at('data')]).toEqual([200, { runId }]);
  expect(door.world.accepted[0]).toMatchObject({
    idempotencyKey: '',
    payload: {
      name: 'inngest/function.invoked',
      data: { n: 1, _inngest: { fn_id: 'shop-charge' } },
    },
  });
});

test('the event is durable before anybody waits for its run', async () => {
  await using door = await openHistoryDoor();
  const order: string[] = [];
  door.world.settled = async () => void order.push(`settled after ${door.world.accepted.length}`);
  const answer = knockValidated(door, 'POST', path, { data: {} });
  await deliver(door, 0);
  await answered(door, answer);
  expect(order[0]).toBe('settled after 1');
});

test('a key used again is 409 with the same run, for a day, and starts nothing', async () => {
  await using door = await openHistoryDoor();
  const body = { data: { n: 1 }, idempotencyKey: 'once' };
  const first = knockValidated(door, 'POST', path, body);
  const runId = await deliver(door, 0);
  expect((await answered(door, first)).status).toBe(200);
  for (let hours = 0; hours < 23; hours += 1) {
    const again = await knockValidated(door, 'POST', path, body);
    expect([again.status, again.at('data')]).toEqual([409, { runId }]);
    door.world.clock.advance(hourMs);
  }
  expect(door.world.accepted.length).toBe(1);
  door.world.clock.advance(2 * hourMs);
  const next = knockValidated(door, 'POST', path, body);
  const nextRun = await deliver(door, 1);
  const { status, at } = await answered(door, next);
  expect([status, at('data')]).toEqual([200, { runId: nextRun }]);
});

test('ids of events with a key follow from function and key, and begin with the hour', async () => {
  await using door = await openHistoryDoor();
  for (const [index, idempotencyKey] of ['a', 'b'].entries()) {
    const answer = knockValidated(door, 'POST', path, { data: {}, idempotencyKey });
    await deliver(door, index);
    await answered(door, answer);
  }
  const ids = door.world.accepted.map(({ internalId }) => internalId);
  expect(new Set(ids).size).toBe(2);
  for (const id of ids) expect(ulidTime(id) % hourMs).toBe(0);
  expect(door.world.accepted.map((event) => event.idempotencyKey)).toEqual([
    'invoke:a',
    'invoke:b',
  ]);
});

test('an event that history knows too late still leads to the run of the first', async () => {
  await using door = await openHistoryDoor();
  const body = { data: {}, idempotencyKey: 'once' };
  const first = knockValidated(door, 'POST', path, body);
  await eventually(() => door.world.accepted.length === 1);
  door.world.clock.advance(hourMs);
  // An hour later, and the first is not in history: the server takes the second and starts nothing for it.
  const second = knockValidated(door, 'POST', path, body);
  await eventually(() => door.world.accepted.length === 2);
  const runId = await deliver(door, 0);
  const answer = await answered(door, second);
  expect([answer.status, answer.at('data')]).toEqual([409, { runId }]);
  // The first gave up long before.
  expect((await first).status).toBe(504);
});

test('a run that was skipped is 422 and says why', async () => {
  await using door = await openHistoryDoor();
  const answer = knockValidated(door, 'POST', path, { data: {} });
  await deliver(door, 0, { skipReason: 'FunctionPaused' });
  expect(refusalOf(await answered(door, answer))).toEqual([
    422,
    errors(['function_skipped', 'The run was skipped: the function is paused']),
  ]);
});

test('a run that does not start in time is 504, with the event to look for', async () => {
  await using door = await openHistoryDoor();
  const answer = await answered(door, knockValidated(door, 'POST', path, { data: {} }));
  expect([answer.status, answer.at('errors', '0', 'code')]).toEqual([504, 'internal_error']);
  expect(answer.text).toContain(door.world.accepted[0]?.internalId ?? 'nothing');
  expect(door.world.clock.pendingTimers()).toBe(0);
});

test('a history that goes away after the invocation was stored does not ask for another one', async () => {
  await using door = await openHistoryDoor();
  const answer = knockValidated(door, 'POST', path, { data: {} });
  await eventually(() => door.world.accepted.length === 1);
  await door.history.close();
  const { status, text, headers, at } = await answered(door, answer);
  expect([status, at('errors', '0', 'code')]).toEqual([504, 'internal_error']);
  expect(text).toContain(door.world.accepted[0]?.internalId ?? 'nothing');
  expect(text).toContain('do not repeat it');
  expect(headers.get('retry-after')).toBeNull();
});

test('an invocation that cannot be is refused and stores nothing', async () => {
  await using door = await openHistoryDoor();
  const cases: readonly (readonly [object, string, string])[] = [
    [{}, 'missing_field', 'Input data is required'],
    [{ data: 1 }, 'invalid_field_format', 'Input data must be an object'],
    [{ data: {}, more: 1 }, 'api_error', 'Unrecognized key: "more"'],
  ];
  for (const [body, code, message] of cases) {
    expect(refusalOf(await knockValidated(door, 'POST', path, body))).toEqual([
      400,
      errors([code, message]),
    ]);
  }
  const unknown = await knockValidated(door, 'POST', '/v2/apps/shop/functions/x/invoke', {
    data: {},
  });
  expect(refusalOf(unknown)).toEqual([404, errors(['not_found', 'Function not found'])]);
  door.world.isOverloaded = true;
  expect((await knockValidated(door, 'POST', path, { data: {} })).status).toBe(503);
  expect(door.world.accepted).toEqual([]);
});
