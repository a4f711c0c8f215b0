import { expect, test } from 'bun:test';
import { functionId, openDoor, problem } from './door.ts';

test('an invocation is an event that names its function', async () => {
  const door = openDoor();
  const body = { name: 'ignored', data: { n: 1, _inngest: { fn_id: 'forged' } } };
  const answer = await door.knock('POST', '/invoke/shop-charge', body);
  expect(answer.status).toBe(200);
  const [event] = door.world.accepted;
  expect(event?.payload.name).toBe('inngest/function.invoked');
  expect(event?.payload.data).toEqual({ n: 1, _inngest: { fn_id: 'shop-charge' } });
  expect(answer.json()).toEqual({ id: event?.internalId, status: 200 });
});

test('data may be left out and the slug may be escaped', async () => {
  const door = openDoor();
  expect((await door.knock('POST', '/invoke/shop%2Dcharge', {})).status).toBe(200);
  expect(door.world.accepted[0]?.payload.data).toEqual({ _inngest: { fn_id: 'shop-charge' } });
});

test('a function can be named by its id as well', async () => {
  const door = openDoor();
  expect((await door.knock('POST', `/invoke/${functionId}`, {})).status).toBe(200);
  expect(door.world.accepted[0]?.payload.data).toEqual({ _inngest: { fn_id: functionId } });
});

test('the seed header decides the id, counted from zero', async () => {
  const headers = { 'x-inngest-event-id-seed': '1700000000000,AAAAAAAAAAAAAA==' };
  const answer = await openDoor().knock('POST', '/invoke/shop-charge', {}, headers);
  expect(answer.json()).toEqual({ id: '01HF7YAT000000000000000000', status: 200 });
});

test('a slug that names no function is 404', async () => {
  const door = openDoor();
  for (const slug of ['nothing', '%zz']) {
    const answer = await door.knock('POST', `/invoke/${slug}`, {});
    expect(answer.status).toBe(404);
    expect(answer.json()).toMatchObject({ code: 'function_not_found', data: null, status: 404 });
  }
  expect(door.world.accepted).toEqual([]);
});

test('a body that is no object, or no good event, is 400', async () => {
  const door = openDoor();
  for (const body of ['', '[]', '1', '{', '{"data":[]}', '{"ts":"soon"}']) {
    const answer = await door.knock('POST', '/invoke/shop-charge', body);
    expect([body, answer.status]).toEqual([body, 400]);
    expect(answer.json()).toEqual(
      problem(400, expect.stringContaining('Invalid invocation event')),
    );
  }
});

test('an invocation over 3 MiB is 413', async () => {
  const body = { data: { text: 'x'.repeat(3 * 1024 * 1024) } };
  expect((await openDoor().knock('POST', '/invoke/shop-charge', body)).status).toBe(413);
});

test('an overloaded server refuses invocations', async () => {
  const door = openDoor();
  door.world.isOverloaded = true;
  const answer = await door.knock('POST', '/invoke/shop-charge', {});
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('2');
});
