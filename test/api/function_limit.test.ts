import { expect, test } from 'bun:test';
import { functionId, openDoor, problem } from './door.ts';

const form = { 'content-type': 'application/x-www-form-urlencoded' };

test('a limit can be set by query and by form, and taken away once', async () => {
  for (const [path, name] of [
    ['/fn/step-limit', 'stepLimits'],
    ['/fn/state-size-limit', 'stateSizeLimits'],
  ] as const) {
    const door = openDoor();
    const byQuery = await door.knock('POST', `${path}?functionId=${functionId}&limit=7`);
    expect([byQuery.status, byQuery.text]).toEqual([200, '']);
    expect(door.world[name].get(functionId)).toBe(7);
    await door.knock('POST', path, `functionId=${functionId}&limit=-1`, form);
    expect(door.world[name].get(functionId)).toBe(-1);
    expect((await door.knock('DELETE', path, `functionId=${functionId}`, form)).status).toBe(200);
    const again = await door.knock('DELETE', `${path}?functionId=${functionId}`);
    const words = name === 'stepLimits' ? 'step limit' : 'state size limit';
    expect(again.status).toBe(404);
    expect(again.json()).toEqual(problem(404, `No ${words} set for function: ${functionId}`));
  }
});

test('a limit that is no whole number is 400', async () => {
  const door = openDoor();
  for (const limit of ['', 'x', '1.5', '1e3', '0x10', '99999999999999999999']) {
    const answer = await door.knock(
      'POST',
      `/fn/step-limit?functionId=${functionId}&limit=${limit}`,
    );
    expect([limit, answer.status]).toEqual([limit, 400]);
    expect(answer.json()).toEqual(problem(400, `Invalid limit: ${limit}`));
  }
  expect(door.world.stepLimits.size).toBe(0);
});

test('a limit for no function is 400', async () => {
  const door = openDoor();
  expect((await door.knock('POST', '/fn/step-limit?limit=1')).status).toBe(400);
  expect((await door.knock('DELETE', '/fn/state-size-limit')).status).toBe(400);
});

test('a form over 16 KiB is 413', async () => {
  const answer = await openDoor().knock('POST', '/fn/step-limit', 'x'.repeat(16 * 1024 + 1), form);
  expect(answer.status).toBe(413);
});
