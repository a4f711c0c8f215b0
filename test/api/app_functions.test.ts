import { expect, test } from 'bun:test';
import { functionId, openDoor } from './door.ts';

test('the functions of an app are a bare array', async () => {
  const answer = await openDoor().knock('GET', '/v1/apps/shop/functions');
  expect(answer.status).toBe(200);
  expect(answer.json()).toEqual([
    {
      internal_id: functionId,
      env_id: '00000000-0000-4000-b000-000000000000',
      app_id: '5d0f2a7e-0000-5000-8000-0000000000aa',
      id: 'shop-charge',
      name: 'Charge',
      config: expect.objectContaining({ slug: 'shop-charge', fv: 3 }),
      created_at: '2026-01-01T00:00:00.000Z',
      archived_at: '0001-01-01T00:00:00Z',
    },
  ]);
});

test('an app nobody knows has no functions', async () => {
  const door = openDoor();
  for (const name of ['other', '%zz', 'SHOP']) {
    const answer = await door.knock('GET', `/v1/apps/${name}/functions`);
    expect([answer.status, answer.json()]).toEqual([200, []]);
  }
});
