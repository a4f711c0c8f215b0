import { expect, test } from 'bun:test';
import { openDoor, problem, runId } from './door.ts';

test('a signal resumes the run that waits for it', async () => {
  const door = openDoor();
  door.world.waitingSignals.set('approve-7', runId);
  const answer = await door.knock('POST', '/v1/signals', {
    signal: 'approve-7',
    data: { by: 'me' },
  });
  expect([answer.status, answer.json()]).toEqual([
    200,
    {
      data: { run_id: runId },
      metadata: { fetched_at: '2026-01-01T00:00:00.000Z', cached_until: null },
    },
  ]);
  expect(door.world.sentSignals).toEqual([{ signal: 'approve-7', data: '{"by":"me"}' }]);
});

test('a signal without data carries null', async () => {
  const door = openDoor();
  door.world.waitingSignals.set('s', runId);
  expect((await door.knock('POST', '/v1/signals', { signal: 's' })).status).toBe(200);
  expect(door.world.sentSignals[0]?.data).toBe('null');
});

test('a signal that nobody waits for is 404', async () => {
  const answer = await openDoor().knock('POST', '/v1/signals', { signal: 's', data: null });
  expect([answer.status, answer.json()]).toEqual([404, problem(404, 'No signal found')]);
});

test('a signal without a name is 400 and reaches nobody', async () => {
  const door = openDoor();
  for (const body of ['', '{', '[]', '{}', { signal: '' }, { signal: 7 }]) {
    const answer = await door.knock('POST', '/v1/signals', body);
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual(problem(400, expect.stringContaining('Invalid signal data')));
  }
  expect(door.world.sentSignals).toEqual([]);
});

test('a signal over 4 MiB is 413', async () => {
  const body = { signal: 's', data: 'x'.repeat(4 * 1024 * 1024) };
  expect((await openDoor().knock('POST', '/v1/signals', body)).status).toBe(413);
});
