import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { openDoor, runId } from '../door.ts';
import { openHistoryDoor, runFacts } from '../history_door.ts';
import { knockValidated } from '../openapi/validated_door.ts';

const time = fc.oneof(fc.constant('2026-01-01T00:00:00Z'), fc.string());
const filter = fc.record(
  {
    from: fc.oneof(time, fc.jsonValue()),
    until: fc.oneof(time, fc.jsonValue()),
    status: fc.oneof(fc.constant(['FAILED']), fc.jsonValue()),
    appId: fc.oneof(fc.constant(['shop']), fc.jsonValue()),
    functionId: fc.oneof(fc.constant(['charge']), fc.jsonValue()),
    query: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const body = fc.oneof(
  fc.record(
    {
      name: fc.oneof(fc.string(), fc.jsonValue()),
      filter: fc.oneof(filter, fc.jsonValue()),
      data: fc.jsonValue(),
      ts: fc.jsonValue(),
      fromStep: fc.oneof(fc.record({ stepId: fc.string(), input: fc.jsonValue() }), fc.jsonValue()),
      value: fc.jsonValue(),
    },
    { requiredKeys: [] },
  ),
  fc.array(fc.record({ name: fc.string(), value: fc.jsonValue() }), { maxLength: 3 }),
  fc.jsonValue(),
);

test('whatever is posted to /v2, the answer is documented and no surprise', async () => {
  const door = openDoor();
  door.world.rerunOutcomes.set(runId, { kind: 'created', runId });
  const path = fc.constantFrom(
    `/v2/runs/${runId}/rerun`,
    `/v2/runs/${runId}/scores`,
    '/v2/bulk/cancel',
    '/v2/bulk/rerun',
    '/v2/events',
    '/v2/apps/shop/functions/unknown/invoke',
  );
  const text = fc.oneof(
    body.map((value) => JSON.stringify(value)),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(path, text, async (target, sent) => {
      const answer = await knockValidated(door, 'POST', target, sent);
      expect(answer.status).toBeLessThan(500);
      expect(door.logged).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('whatever is asked of the lists of runs, the answer is documented and no surprise', async () => {
  await using door = await openHistoryDoor();
  await door.record(...runFacts(1), ...runFacts(2, null));
  const path = fc.constantFrom('/v1/runs', '/v2/runs', '/v2/apps/shop/functions/charge/runs');
  const names = [
    'limit',
    'cursor',
    'order',
    'from',
    'status',
    'timeField',
    'time_field',
    'appId',
    'functionId',
    'isDeferred',
    'query',
  ];
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '1',
      'ASC',
      'FAILED',
      'startedAt',
      'shop',
      'charge',
      'event.data.n > 1',
      'true',
    ),
  );
  const query = fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(path, query, async (target, pairs) => {
      const text = new URLSearchParams(pairs.map(([name, given]) => [name, given])).toString();
      const answer = await knockValidated(door, 'GET', `${target}?${text}`);
      expect([200, 400]).toContain(answer.status);
      expect(door.logged).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
