/** The client code inside the official JS SDK against the doors: it parses every answer with schemas of its own. */
import { expect, test } from 'bun:test';
import { z } from 'zod';
import { hashedKey } from '../../../src/lib/signature.ts';
import { openSdkApi, type SdkApi } from '../../sdk_api.ts';
import { type Door, openDoor, otherRunId, runId, signingKey } from '../door.ts';
import { expectDocumented } from '../openapi/validated_door.ts';

async function sdkApi(door: Door): Promise<SdkApi> {
  const knock = async (target: string | URL, init: RequestInit = {}): Promise<Response> => {
    const { pathname, search } = new URL(target);
    const headers = Object.fromEntries(new Headers(init.headers));
    const method = init.method ?? 'GET';
    const body = init.body === undefined || init.body === null ? undefined : String(init.body);
    const answer = await door.knock(method, pathname + search, body, headers);
    if (pathname.startsWith('/v1/')) await expectDocumented(door, method, pathname, answer);
    return new Response(answer.text, { status: answer.status, headers: answer.headers });
  };
  return openSdkApi({ url: 'http://localhost:8288', signingKey, fetch: knock });
}

const settings = { kind: 'cloud', signingKey, eventKeys: ['k'] } as const;

test('steps and events of a run are fetched; those of a run without state are an error', async () => {
  const door = openDoor(settings);
  const api = await sdkApi(door);
  door.world.actions.set(
    runId,
    '{"abc":{"data":{"n":1}},"def":{"error":{"name":"E","message":"m"}}}',
  );
  door.world.batches.set(runId, '[{"id":"1","name":"a","data":{"n":1},"ts":1,"user":{}}]');
  expect(await api.getRunSteps(runId)).toMatchObject({
    ok: true,
    value: { abc: { data: { n: 1 } }, def: { error: { message: 'm' } } },
  });
  expect(await api.getRunBatch(runId)).toMatchObject({ ok: true, value: [{ name: 'a' }] });
  for (const call of [api.getRunSteps(otherRunId), api.getRunBatch(otherRunId)]) {
    expect(await call).toMatchObject({ ok: false, error: { status: 410 } });
  }
  expect(await api.getRunSteps('nonsense')).toMatchObject({ ok: false, error: { status: 400 } });
});

test('a signal resumes a run; nobody waiting is no error', async () => {
  const door = openDoor(settings);
  const api = await sdkApi(door);
  door.world.waitingSignals.set('go', runId);
  expect(await api.sendSignal({ signal: 'go', data: { n: 1 } })).toEqual({
    ok: true,
    value: { runId },
  });
  expect(await api.sendSignal({ signal: 'nobody', data: null })).toEqual({
    ok: true,
    value: { runId: undefined },
  });
  expect(await api.sendSignal({ signal: '', data: null })).toMatchObject({
    ok: false,
    error: { status: 400 },
  });
});

test('metadata is written, and refused in a form that the SDK understands', async () => {
  const door = openDoor(settings);
  const api = await sdkApi(door);
  const metadata = [{ kind: 'userland.note', op: 'merge', values: { k: 1 } }];
  const target = { run_id: runId, step_id: 'a' };
  expect(await api.updateMetadata({ target, metadata })).toMatchObject({ ok: true });
  expect(door.world.annotations.length).toBe(1);
  const bad = [{ kind: 'userland.note', op: 'explode', values: {} }];
  expect(await api.updateMetadata({ target, metadata: bad })).toMatchObject({
    ok: false,
    error: { status: 400 },
  });
});

test('checkpoints of a new run, of its steps and of an open call are saved', async () => {
  const door = openDoor(settings);
  const api = await sdkApi(door);
  const step = { id: 's', op: 'StepRun', data: 1 };
  const event = { name: 'inngest/http.request', data: {} };
  const created = await api.checkpointNewRun({
    runId,
    event,
    steps: [step],
    executionVersion: 2,
    retries: 3,
  });
  expect(created).toMatchObject({ data: { run_id: runId } });
  await api.checkpointSteps({ fnId: 'fn-1', appId: 'app-1', runId, steps: [step] });
  await api.checkpointStepsAsync({
    runId,
    fnId: 'fn-1',
    queueItemId: 'q',
    requestId: 'r',
    generationId: 1,
    requestStartedAt: 1,
    steps: [step],
  });
  expect(door.world.syncSteps.length + door.world.asyncCheckpoints.length).toBe(2);
  door.world.output = async () => '{"data":"done"}';
  const { token } = z.object({ data: z.object({ token: z.string() }) }).parse(created).data;
  expect(await (await api.getRunOutput(runId, token)).json()).toEqual({ data: 'done' });
});

test('a call that was handed out anew tells the SDK to stop', async () => {
  const door = openDoor(settings);
  const api = await sdkApi(door);
  door.world.checkpointOutcome = { kind: 'rejected', status: 409, message: 'stale' };
  const call = api.checkpointStepsAsync({
    runId,
    fnId: 'f',
    queueItemId: 'q',
    generationId: 0,
    steps: [],
  });
  await expect(call).rejects.toThrow('Stale dispatch');
});

test('the key is sent hashed and understood', async () => {
  const door = openDoor(settings);
  const headers = { authorization: `Bearer signkey-prod-${hashedKey(signingKey)}` };
  expect((await door.knock('GET', '/v2/account', undefined, headers)).status).toBe(200);
  expect((await door.knock('GET', '/v2/account')).status).toBe(401);
});
