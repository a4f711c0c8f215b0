import { expect, test } from 'bun:test';
import { openDoor, problem, runId } from './door.ts';

test('an SDK gets the steps and the events of a running run as they are stored', async () => {
  const door = openDoor();
  door.world.actions.set(runId, '{"af09":{"data":1.0}}');
  door.world.batches.set(runId, '[{"name":"a","data":{}}]');
  const actions = await door.knock('GET', `/v0/runs/${runId}/actions`);
  expect([actions.status, actions.text]).toEqual([200, '{"af09":{"data":1.0}}']);
  expect(actions.headers.get('content-type')).toBe('application/json');
  const batch = await door.knock('GET', `/v0/runs/${runId.toLowerCase()}/batch`);
  expect([batch.status, batch.text]).toEqual([200, '[{"name":"a","data":{}}]']);
});

test('the state of a run that has ended is gone', async () => {
  const door = openDoor();
  for (const part of ['actions', 'batch']) {
    const answer = await door.knock('GET', `/v0/runs/${runId}/${part}`);
    expect(answer.status).toBe(410);
    expect(answer.json()).toEqual(
      problem(410, `runtime state is no longer available for runID: ${runId}`),
    );
  }
});

test('an id that is no ULID is 400', async () => {
  const door = openDoor();
  for (const id of ['x', '%zz', `${runId}0`, runId.replace('0', '8')]) {
    for (const [method, path] of [
      ['GET', `/v0/runs/${id}/actions`],
      ['GET', `/v0/runs/${id}/batch`],
      ['DELETE', `/v0/runs/${id}`],
    ] as const) {
      const answer = await door.knock(method, path);
      expect(answer.status).toBe(400);
      expect(answer.json()).toEqual(problem(400, 'The run ID specified is invalid'));
    }
  }
});

test('a run is cancelled with 204, an unknown one is 404 and an ended one 409', async () => {
  const door = openDoor();
  const path = `/v0/runs/${runId}`;
  const unknown = await door.knock('DELETE', path);
  expect([unknown.status, unknown.json()]).toEqual([
    404,
    problem(404, 'A function run with the given ID could not be found'),
  ]);
  door.world.cancelOutcomes.set(runId, 'ended');
  expect((await door.knock('DELETE', path)).status).toBe(409);
  door.world.cancelOutcomes.set(runId, 'cancelled');
  const cancelled = await door.knock('DELETE', path);
  expect([cancelled.status, cancelled.text]).toEqual([204, '']);
});
