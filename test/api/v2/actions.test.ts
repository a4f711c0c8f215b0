import { expect, test } from 'bun:test';
import { openDoor, otherRunId, runId } from '../door.ts';
import { knockValidated } from '../openapi/validated_door.ts';
import { runRecord } from '../records.ts';
import { errors, refusalOf } from './fixtures.ts';

const rerun = `/v2/runs/${runId}/rerun`;
const cancel = `/v2/runs/${runId}/cancel`;

test('a run is run again, from the beginning or from a step with another input', async () => {
  const door = openDoor();
  door.world.rerunOutcomes.set(runId, { kind: 'created', runId: otherRunId });
  const fromStep = { stepId: 'b', input: [{ n: 1 }] };
  for (const body of [
    undefined,
    {},
    { fromStep: null },
    { fromStep: { stepId: 'b' } },
    { fromStep },
  ]) {
    const answer = await knockValidated(door, 'POST', rerun, body);
    expect([answer.status, answer.at('data')]).toEqual([200, { runId: otherRunId }]);
  }
  expect(door.world.reruns.map((call) => call.fromStep)).toEqual([
    undefined,
    undefined,
    undefined,
    { stepId: 'b' },
    { stepId: 'b', input: '[{"n":1}]' },
  ]);
});

test('a rerun that cannot be says why', async () => {
  const door = openDoor();
  expect(refusalOf(await knockValidated(door, 'POST', rerun))).toEqual([
    404,
    errors(['not_found', 'Run not found']),
  ]);
  const outcomes = [
    ['unknown_function', 404],
    ['events_gone', 404],
    ['unknown_step', 400],
    ['ambiguous_step', 400],
  ] as const;
  for (const [kind, status] of outcomes) {
    door.world.rerunOutcomes.set(runId, { kind });
    expect((await knockValidated(door, 'POST', rerun)).status).toBe(status);
  }
  door.world.rerunOutcomes.set(runId, { kind: 'unknown_step' });
  expect(refusalOf(await knockValidated(door, 'POST', rerun))).toEqual([
    400,
    errors(['invalid_request', 'Step not found in original run']),
  ]);
});

test('a body that is not understood is refused, an unknown member too', async () => {
  const door = openDoor();
  const bodies: readonly (readonly [string, string])[] = [
    ['{"fromStep":', 'api_error'],
    ['{"fromstep":{}}', 'api_error'],
    ['{"fromStep":{}}', 'missing_field'],
    ['{"fromStep":{"stepId":"b","input":{}}}', 'invalid_field_format'],
    ['[]', 'invalid_field_format'],
  ];
  for (const [body, code] of bodies) {
    const answer = await knockValidated(door, 'POST', rerun, body);
    expect([body, answer.status, answer.at('errors', '0', 'code')]).toEqual([body, 400, code]);
  }
  expect(door.world.reruns).toEqual([]);
});

test('a run is cancelled once', async () => {
  const door = openDoor();
  expect(refusalOf(await knockValidated(door, 'POST', cancel))).toEqual([
    404,
    errors(['not_found', 'Run not found']),
  ]);
  door.world.cancelOutcomes.set(runId, 'cancelled');
  expect((await knockValidated(door, 'POST', cancel)).at('data')).toEqual({ runId });
  door.world.cancelOutcomes.set(runId, 'ended');
  door.world.runs.set(runId, runRecord({ runId, status: 'Cancelled' }));
  expect(refusalOf(await knockValidated(door, 'POST', cancel))).toEqual([
    409,
    errors(['run_already_cancelled', 'Run is already cancelled']),
  ]);
  door.world.runs.set(runId, runRecord({ runId, status: 'Completed' }));
  expect(refusalOf(await knockValidated(door, 'POST', cancel))).toEqual([
    409,
    errors(['run_already_ended', 'Cannot cancel an ended run']),
  ]);
});

test('an event is stored under an id of the server', async () => {
  const door = openDoor();
  const answer = await knockValidated(door, 'POST', '/v2/events', {
    name: 'order/placed',
    data: { n: 1 },
    id: 'mine',
    ts: '1767225600001',
  });
  expect(answer.status).toBe(200);
  expect(door.world.accepted).toMatchObject([
    {
      internalId: answer.at('data', 'eventId'),
      idempotencyKey: 'mine',
      payload: { name: 'order/placed', data: { n: 1 }, id: 'mine', ts: 1_767_225_600_001 },
    },
  ]);
});

test('an event that cannot be is refused with the code of its fault', async () => {
  const door = openDoor();
  const name = 'a';
  const cases: readonly (readonly [object, string, string])[] = [
    [{}, 'missing_field', 'Event name is required'],
    [{ name: 'x'.repeat(513) }, 'invalid_field_format', 'Event name cannot exceed 512 characters'],
    [{ name: 'inngest/x' }, 'invalid_field_format', 'Event name is reserved for internal use'],
    [{ name, ts: 1 }, 'validation_error', 'ts must lie between the years 1980 and 2100'],
    [
      { name, ts: 1.5 },
      'invalid_field_format',
      'ts must be a whole number of milliseconds since 1970',
    ],
    [{ name, data: 1 }, 'invalid_field_format', 'data must be an object'],
    [{ name, extra: 1 }, 'api_error', 'Unrecognized key: "extra"'],
  ];
  for (const [body, code, message] of cases) {
    const answer = await knockValidated(door, 'POST', '/v2/events', body);
    expect(refusalOf(answer)).toEqual([400, errors([code, message])]);
  }
  const large = { name, data: { text: 'x'.repeat(3 * 1024 * 1024) } };
  const answer = await knockValidated(door, 'POST', '/v2/events', large);
  expect([answer.status, answer.at('errors', '0', 'code')]).toEqual([413, 'invalid_request']);
  expect(door.world.accepted).toEqual([]);
  door.world.isOverloaded = true;
  const busy = await knockValidated(door, 'POST', '/v2/events', { name });
  expect([busy.status, busy.headers.get('retry-after')]).toEqual([503, '2']);
});

test('scores are written onto a run, all of them or none', async () => {
  const door = openDoor();
  const path = `/v2/runs/${runId}/scores`;
  const scores = [
    { name: 'quality', value: 0 },
    { name: 'ok', value: false, stepId: 'b', experiment: { id: 'e', variant: 'v' } },
  ];
  expect(refusalOf(await knockValidated(door, 'POST', path, scores))).toEqual([
    404,
    errors(['not_found', 'Run not found']),
  ]);
  expect(door.world.annotations).toEqual([]);
  door.world.runs.set(runId, runRecord({ runId }));
  const answer = await knockValidated(door, 'POST', path, scores);
  expect(answer.at('data')).toEqual(scores.map((score) => ({ ...score, runId })));
  expect(door.world.annotations).toMatchObject([
    { t: 'metadata', runId, kind: 'inngest.score', scope: 'run' },
    { t: 'metadata', runId, kind: 'inngest.score', scope: 'step' },
    { t: 'metadata', runId, kind: 'inngest.experiment', scope: 'step' },
  ]);
});

test('a score that is none is named by its place', async () => {
  const door = openDoor();
  const path = `/v2/runs/${runId}/scores`;
  const message = async (body: unknown): Promise<unknown> => {
    const answer = await knockValidated(door, 'POST', path, JSON.stringify(body));
    return [answer.status, answer.at('errors', '0', 'message')];
  };
  expect(await message([])).toEqual([400, 'At least one score is required']);
  expect(await message({})).toEqual([400, 'The body must be an array of scores']);
  expect(await message([{ name: 'a', value: 'x' }])).toEqual([
    400,
    'scores[0]: Score value must be a finite number or boolean',
  ]);
  expect(await message(Array(101).fill({ name: 'a', value: 1 }))).toEqual([
    400,
    'At most 100 scores are allowed',
  ]);
});
