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
    features: {
      FEATURE_CEL_SEARCH: true,
      'enable-step-metadata': true,
      'run-details-v4': true,
    },
  });
});

test('a cloud server shows itself to those who hold the key, and names no database', async () => {
  const door = openDoor({
    kind: 'cloud',
    signingKey,
    eventKeys: ['k'],
    startOptions: {
      urls: ['http://app:3000/api/inngest'],
      isDiscoveryOn: false,
      isPollingOn: true,
      pollIntervalMs: 5_000,
      retryIntervalMs: null,
      queueWorkers: 100,
      requiresKeys: true,
      isPersistent: true,
      isSingleNode: true,
    },
  });
  expect((await door.knock('GET', '/dev')).status).toBe(401);
  const headers = { authorization: `Bearer ${signingKey}` };
  const answer = await door.knock('GET', '/dev', undefined, headers);
  expect(answer.status).toBe(200);
  expect(answer.json()).toMatchObject({
    authed: true,
    startOpts: {
      urls: ['http://app:3000/api/inngest'],
      autodiscover: false,
      poll: true,
      poll_interval: 5,
      retry_interval: 0,
      queue_workers: 100,
      require_keys: true,
      persist: true,
    },
    isSingleNodeService: true,
    isMissingSigningKey: false,
    isMissingEventKeys: false,
  });
  expect(answer.text).not.toContain(signingKey);
});
