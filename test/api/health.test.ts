import { expect, test } from 'bun:test';
import { openDoor } from './door.ts';

test('health says OK while the process lives', async () => {
  const door = openDoor();
  door.world.reasons = ['the store is opening'];
  const answer = await door.knock('GET', '/health');
  expect(answer.status).toBe(200);
  expect(answer.text).toBe('{"status":200,"message":"OK"}\n');
});

test('ready is 503 with each reason until there is none', async () => {
  const door = openDoor();
  door.world.reasons = ['the store is opening', 'draining'];
  const waiting = await door.knock('GET', '/ready');
  expect(waiting.status).toBe(503);
  expect(waiting.headers.get('retry-after')).toBe('2');
  expect(waiting.json()).toMatchObject({ reasons: ['the store is opening', 'draining'] });
  door.world.reasons = [];
  const ready = await door.knock('GET', '/ready');
  expect([ready.status, ready.json()]).toEqual([200, { status: 200, message: 'OK' }]);
});
