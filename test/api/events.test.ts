import { expect, test } from 'bun:test';
import { openDoor } from './door.ts';

const mebibyte = 1024 * 1024;

test('one event is stored and answered with the id the server gave it', async () => {
  const door = openDoor();
  const answer = await door.knock('POST', '/e/key', {
    name: 'order/placed',
    data: { n: 1 },
    id: 'mine',
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/json');
  const [event] = door.world.accepted;
  expect(event?.payload).toMatchObject({ name: 'order/placed', data: { n: 1 }, id: 'mine' });
  expect(event?.receivedAtMs).toBe(door.world.clock.now());
  expect(answer.json()).toEqual({ ids: [event?.internalId], status: 200 });
});

test('the ids of many events come in the order of the events', async () => {
  const door = openDoor();
  const answer = await door.knock('POST', '/e/key', [{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
  expect(door.world.accepted.map(({ payload }) => payload.name)).toEqual(['a', 'b', 'c']);
  expect(answer.at('ids')).toEqual(door.world.accepted.map(({ internalId }) => internalId));
});

test('an empty body and an empty array are no events and no failure', async () => {
  const door = openDoor();
  for (const body of ['', '[]', ' \n ']) {
    const answer = await door.knock('POST', '/e/key', body);
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({ ids: [''], status: 200 });
  }
  expect((await door.knock('POST', '/e/key')).status).toBe(200);
  expect(door.world.accepted).toEqual([]);
});

test('one bad event in a request refuses all of them', async () => {
  const door = openDoor();
  const answer = await door.knock('POST', '/e/key', [{ name: 'a' }, { name: '' }, { name: 'c' }]);
  expect(answer.status).toBe(400);
  expect(answer.json()).toEqual({
    ids: [],
    status: 400,
    error: expect.stringContaining('event name is empty'),
  });
  expect(door.world.accepted).toEqual([]);
});

test('a body that is no event is 400 and says why', async () => {
  const door = openDoor();
  for (const body of ['{', '{} {}', '12', '"text"', 'null', '[1]', 'a=b', '{"name":"inngest/x"}']) {
    const answer = await door.knock('POST', '/e/key', body);
    expect([body, answer.status]).toEqual([body, 400]);
    expect(answer.json()).toEqual({ ids: [], status: 400, error: expect.any(String) });
  }
});

test('the seed header decides the ids, counted from one', async () => {
  const door = openDoor();
  const answer = await door.knock('POST', '/e/key', [{ name: 'a' }, { name: 'b' }], {
    'x-inngest-event-id-seed': '1700000000000,AAAAAAAAAAAAAA==',
  });
  expect(answer.at('ids')).toEqual(['01HF7YAT000000000000000001', '01HF7YAT000000000000000002']);
});

test('an overloaded server refuses events before it reads them', async () => {
  const door = openDoor();
  door.world.isOverloaded = true;
  const answer = await door.knock('POST', '/e/key', '{not even json');
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('2');
  expect(answer.json()).toMatchObject({ code: 'overloaded', status: 503 });
  expect(door.world.accepted).toEqual([]);
});

test('a request may have 64 MiB and not more, declared or not', async () => {
  const door = openDoor();
  const declared = await door.knock('POST', '/e/key', '[]', {
    'content-length': String(64 * mebibyte + 1),
  });
  expect(declared.status).toBe(413);
  let sentBytes = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sentBytes += mebibyte;
      controller.enqueue(new Uint8Array(mebibyte).fill(32));
    },
  });
  const streamed = await door.knock('POST', '/e/key', endless);
  expect(streamed.status).toBe(413);
  expect(streamed.json()).toMatchObject({ status: 413, data: null });
  expect(sentBytes).toBeLessThan(70 * mebibyte);
});

test('a server may be set up to take less in a request', async () => {
  const door = openDoor({ eventBytesMax: 1024 });
  const event = (dataBytes: number) => ({ name: 'a', data: { text: 'x'.repeat(dataBytes) } });
  expect((await door.knock('POST', '/e/key', event(900))).status).toBe(200);
  expect((await door.knock('POST', '/e/key', event(1024))).status).toBe(413);
  expect(door.world.accepted).toHaveLength(1);
});

test('a sender that breaks off half-way gets 400 and nothing is stored', async () => {
  const door = openDoor();
  const broken = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('[{"name":"a"},'));
      controller.error(new Error('connection lost'));
    },
  });
  expect((await door.knock('POST', '/e/key', broken)).status).toBe(400);
  expect(door.world.accepted).toEqual([]);
  expect(door.logged).toEqual([]);
});
