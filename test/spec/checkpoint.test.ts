/** §11 Checkpointing of runs that the server started. */
import { describe, expect, test } from 'bun:test';
import { type Call, hashed } from './fake_sdk.ts';
import {
  done,
  failure,
  type Opcode,
  ops,
  runComplete,
  sleep,
  stepError,
  stepPlanned,
  stepRun,
  waitForEvent,
} from './reply.ts';
import { hashedToken, useServer } from './spec_server.ts';

const spec = useServer();

/** Posts steps as an SDK does while its call is still open. */
async function checkpoint(
  call: Call,
  steps: readonly unknown[],
  more: Record<string, unknown> = {},
  prefix = '/v1/checkpoint',
) {
  const { run_id, fn_id, qi_id, request_id, generation_id } = call.body.ctx;
  const response = await fetch(`${spec.url}${prefix}/${run_id}/async`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      run_id,
      fn_id,
      qi_id,
      request_id,
      generation_id,
      request_started_at: call.atMs,
      steps,
      ts: Date.now(),
      ...more,
    }),
  });
  return { status: response.status, text: await response.text() };
}

describe('checkpointing', () => {
  test.concurrent('SDK-10.1a the checkpoint setting is accepted in the form of the Go SDK', async () => {
    const sdk = spec.sdk().define('f', () => done(), {
      checkpoint: { batch_steps: 3, batch_interval: '5s', max_runtime: 60_000_000_000 },
    });
    expect((await sdk.register()).status).toBe(200);
    sdk.define('f', () => done(), {
      checkpoint: { batch_steps: 3, batch_interval: '5s', max_runtime: '1m' },
    });
    expect((await sdk.register()).status).toBe(200);
    expect((await sdk.play('f')).status).toBe('Completed');
  });

  test.concurrent('SDK-10.2a asynchronous opcodes are refused at /async', async () => {
    const refusals: { status: number; text: string }[] = [];
    const sdk = spec.sdk().define('f', async (call) => {
      const refused: Opcode[] = [
        sleep('a', '1s'),
        waitForEvent('a', 'a/b', { timeout: '1s' }),
        { ...stepRun('a', 1), op: 'InvokeFunction', opts: { function_id: 'x', payload: {} } },
        stepError('a', 'no'),
        runComplete(1),
        { ...stepRun('a', 1), op: 'StepFailed', error: { name: 'E', message: 'm' } },
      ];
      for (const opcode of refused) refusals.push(await checkpoint(call, [opcode]));
      return done();
    });
    await sdk.mustRegister();
    expect((await sdk.play('f')).status).toBe('Completed');
    expect(refusals.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400]);
    for (const { text } of refusals) {
      expect(JSON.parse(text)).toMatchObject({ error: expect.any(String), status: 400 });
    }
  });

  test.concurrent('SDK-10.3.1a /async has saved the steps when it answers, and saving twice is one', async () => {
    const seen: unknown[] = [];
    const sdk = spec.sdk().define('f', async (call) => {
      if (call.memo('end') !== undefined) return done(call.body.ctx.stack.stack);
      seen.push((await checkpoint(call, [stepRun('a', 1), stepPlanned('later')])).status);
      seen.push(
        (await checkpoint(call, [stepRun('a', 'other'), stepRun('b', 2)], {}, '/v1/http/runs'))
          .status,
      );
      const actions = await fetch(`${spec.url}/v0/runs/${call.body.ctx.run_id}/actions`);
      seen.push(await actions.json());
      return ops(stepRun('end', 3));
    });
    await sdk.mustRegister();
    const run = await sdk.play('f');
    expect(seen).toEqual([200, 200, { [hashed('a')]: { data: 1 }, [hashed('b')]: { data: 2 } }]);
    expect(run.output).toEqual(['a', 'b', 'end'].map(hashed));
    expect(sdk.callsOf('f')).toHaveLength(2);
  });

  test.concurrent('SDK-10.3.1a a checkpoint of an unknown or ended run is refused', async () => {
    const sdk = spec.sdk().define('f', () => done());
    await sdk.mustRegister();
    await sdk.play('f');
    const [call] = sdk.callsOf('f');
    if (!call) throw new Error('no call');
    const ended = await checkpoint(call, [stepRun('a', 1)]);
    expect([400, 404, 409]).toContain(ended.status);
    expect(JSON.parse(ended.text)).toMatchObject({ error: expect.any(String) });
    const bad = await fetch(`${spec.url}/v1/checkpoint/${call.body.ctx.run_id}/async`, {
      method: 'POST',
      body: '{"steps":',
    });
    expect(bad.status).toBe(400);
  });

  test.concurrent('SDK-10.3.1b a checkpoint starts the attempts of its call anew', async () => {
    const sdk = spec.sdk().define(
      'f',
      async (call) => {
        if (call.index === 0) return failure('first');
        if (call.index === 1) {
          await checkpoint(call, [stepRun('a', 1)]);
          return failure('second');
        }
        return done(call.memo('a'));
      },
      { retries: 1 },
    );
    await sdk.mustRegister();
    const run = await sdk.play('f');
    // With one retry the second failure would be the last, were it not for the checkpoint.
    expect(run.status).toBe('Completed');
    expect(run.output).toEqual({ data: 1 });
  }, 30_000);

  test.concurrent('SDK-10.3.1c SDK-10.3.1d checkpointed steps are in the next call, also when it is a retry', async () => {
    const sdk = spec.sdk().define('f', async (call) => {
      if (call.index === 0) {
        await checkpoint(call, [stepRun('a', 1)]);
        return failure('after the checkpoint');
      }
      if (call.index === 1) {
        await checkpoint(call, [stepRun('b', 2)]);
        return ops(sleep('nap', '1s'));
      }
      return done();
    });
    await sdk.mustRegister();
    expect((await sdk.play('f')).status).toBe('Completed');
    const [, retried, last] = sdk.callsOf('f');
    expect(retried?.body.steps).toEqual({ [hashed('a')]: { data: 1 } });
    expect(retried?.body.ctx.stack.stack).toEqual([hashed('a')]);
    expect(last?.body.ctx.stack.stack).toEqual(['a', 'b', 'nap'].map(hashed));
    expect(last?.body.steps).toEqual({
      [hashed('a')]: { data: 1 },
      [hashed('b')]: { data: 2 },
      [hashed('nap')]: null,
    });
  }, 30_000);

  test.concurrent('SDK-10.3.1e 206 with RunComplete completes the run and keeps the other opcodes', async () => {
    const sdk = spec.sdk();
    sdk
      .define('f', () => ops(stepRun('a', 1), stepRun('b', 2), runComplete({ result: 'complete' })))
      .define('listener', ({ body }) => done(body.event.data?.result), {
        triggers: [
          {
            event: 'inngest/function.finished',
            expression: `event.data.function_id == '${sdk.slug('f')}'`,
          },
        ],
      });
    await sdk.mustRegister();
    const run = await sdk.play('f');
    expect(run.status).toBe('Completed');
    expect(run.output).toEqual({ result: 'complete' });
    expect(sdk.callsOf('f')).toHaveLength(1);
    const [finished] = await sdk.whenCalled('listener');
    expect(finished?.body.event.data).toMatchObject({
      run_id: run.run_id,
      result: { result: 'complete' },
    });
  });

  test.concurrent('SDK-10.4.3a several finished steps in one 206, duplicates among them, are accepted', async () => {
    const sdk = spec.sdk().define('f', async (call) => {
      if (call.memo('c') !== undefined) return done(call.body.ctx.stack.stack);
      await checkpoint(call, [stepRun('a', 1)]);
      return ops(stepRun('a', 'again'), stepRun('b', 2), stepRun('c', 3), stepRun('b', 'again'));
    });
    await sdk.mustRegister();
    const run = await sdk.play('f');
    expect(run.output).toEqual(['a', 'b', 'c'].map(hashed));
    expect(sdk.callsOf('f').at(-1)?.body.steps).toMatchObject({
      [hashed('a')]: { data: 1 },
      [hashed('b')]: { data: 2 },
    });
    expect(sdk.callsOf('f')).toHaveLength(2);
  });
});

describe('with a signing key', () => {
  const start = useServer({ mode: 'start' });

  test('SDK-10.3.4a checkpoint endpoints answer a bad key with 401', async () => {
    const statuses: number[] = [];
    const sdk = start.sdk().define('f', async (call) => {
      const { run_id, fn_id, qi_id } = call.body.ctx;
      for (const authorization of ['Bearer wrong', `Bearer ${hashedToken()}`]) {
        const response = await fetch(`${start.url}/v1/checkpoint/${run_id}/async`, {
          method: 'POST',
          headers: { authorization },
          body: JSON.stringify({ run_id, fn_id, qi_id, steps: [stepRun('a', 1)], ts: Date.now() }),
        });
        statuses.push(response.status);
      }
      for (const path of ['', `/${run_id}/steps`]) {
        const response = await fetch(`${start.url}/v1/checkpoint${path}`, {
          method: 'POST',
          body: '{}',
        });
        statuses.push(response.status);
      }
      return done();
    });
    await sdk.mustRegister();
    await sdk.play('f');
    expect(statuses).toEqual([401, 200, 401, 401]);
  });
});
