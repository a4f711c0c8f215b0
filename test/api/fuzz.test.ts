import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { openDoor, runId } from './door.ts';

/** JSON that looks like what the doors expect in some places and like anything in others. */
const event = fc.record(
  {
    name: fc.oneof(fc.string(), fc.constant('a'), fc.jsonValue()),
    data: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
    id: fc.oneof(fc.string(), fc.jsonValue()),
    ts: fc.oneof(fc.double(), fc.maxSafeInteger(), fc.jsonValue()),
    user: fc.jsonValue(),
    v: fc.jsonValue(),
    meta: fc.oneof(fc.record({ sessions: fc.jsonValue() }), fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const checkpoint = fc.record(
  {
    run_id: fc.oneof(fc.constant(runId), fc.jsonValue()),
    fn_id: fc.oneof(fc.string(), fc.jsonValue()),
    qi_id: fc.oneof(fc.string(), fc.jsonValue()),
    generation_id: fc.oneof(fc.integer(), fc.jsonValue()),
    request_started_at: fc.oneof(fc.integer(), fc.jsonValue()),
    event: fc.oneof(event, fc.jsonValue()),
    steps: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()),
    retries: fc.oneof(fc.integer(), fc.jsonValue()),
    request_version: fc.oneof(fc.integer(), fc.jsonValue()),
    idempotency: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const asText = (arbitrary: fc.Arbitrary<unknown>) =>
  arbitrary.map((value) => JSON.stringify(value));

const eventBody = fc.oneof(
  asText(event),
  asText(fc.array(event, { maxLength: 4 })),
  asText(fc.jsonValue()),
  fc.string({ unit: 'binary' }),
);
const checkpointBody = fc.oneof(asText(checkpoint), asText(fc.jsonValue()), fc.string());

test('whatever is sent to the event API, the answer is 200 or 400 with ids', async () => {
  const headers = fc.record({
    'content-type': fc.constantFrom('application/json', 'multipart/form-data; boundary=x', 'x'),
    'x-inngest-event-id-seed': fc.oneof(
      fc.constant('1700000000000,AAAAAAAAAAAAAA=='),
      fc.constantFrom(
        '',
        ',',
        '1,',
        '-1,AAAAAAAAAAAAAA==',
        '99999999999999999999,AAAAAAAAAAAAAA==',
      ),
    ),
  });
  const door = openDoor();
  await fc.assert(
    fc.asyncProperty(eventBody, headers, async (body, given) => {
      door.world.accepted.length = 0;
      const answer = await door.knock('POST', '/e/k', body, given);
      expect([200, 400]).toContain(answer.status);
      expect(answer.json()).toMatchObject({ status: answer.status, ids: expect.any(Array) });
      if (answer.status === 400) expect(door.world.accepted).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('whatever is sent to the checkpoint API, nothing fails unexpectedly', async () => {
  const door = openDoor();
  const path = fc.constantFrom('', `/${runId}/steps`, `/${runId}/async`, '/x/async');
  await fc.assert(
    fc.asyncProperty(path, checkpointBody, async (suffix, body) => {
      const answer = await door.knock('POST', `/v1/checkpoint${suffix}`, body);
      expect([200, 400]).toContain(answer.status);
      expect(door.logged).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('whatever the path, the answer is no surprise', async () => {
  const door = openDoor();
  const root = fc.constantFrom(
    '/e/',
    '/invoke/',
    '/v1/runs/',
    '/v1/events/',
    '/v1/apps/',
    '/v0/runs/',
  );
  const method = fc.constantFrom('GET', 'POST', 'DELETE', 'HEAD', 'PUT');
  const rest = fc.oneof(fc.webPath(), fc.string().map(encodeURIComponent), fc.constant('%zz'));
  await fc.assert(
    fc.asyncProperty(root, method, rest, async (start, verb, end) => {
      expect((await door.knock(verb, start + end)).status).toBeLessThan(500);
      expect(door.logged).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
