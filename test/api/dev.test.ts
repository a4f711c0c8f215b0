import { expect, test } from 'bun:test';
import { functionId, openDoor, signingKey } from './door.ts';

test('a dev server shows itself and its functions', async () => {
  const answer = await openDoor().knock('GET', '/dev');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.json()).toEqual({
    version: '0.1.0',
    authed: false,
    startOpts: {},
    functions: [
      {
        id: functionId,
        fv: 3,
        name: 'Charge',
        slug: 'shop-charge',
        triggers: [{ event: 'order/placed' }],
        steps: [
          {
            id: 'step',
            name: 'step',
            uri: 'http://localhost:3000/api/inngest?fnId=shop-charge&step=step',
            retries: { attempts: 4 },
          },
        ],
        driver: 'http',
      },
    ],
    handlers: null,
    isSingleNodeService: false,
    isMissingSigningKey: false,
    isMissingEventKeys: false,
    features: {},
  });
});

test('a cloud server has no such page, even with the key', async () => {
  const door = openDoor({ kind: 'cloud', signingKey });
  const headers = { authorization: `Bearer ${signingKey}` };
  const answer = await door.knock('GET', '/dev', undefined, headers);
  expect([answer.status, answer.text]).toEqual([404, '404 page not found\n']);
});
