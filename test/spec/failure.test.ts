/** §11 Failure. */
import { describe, expect, test } from 'bun:test';
import { eventually } from '../eventually.ts';
import { done, failure } from './reply.ts';
import { useServer } from './spec_server.ts';

const spec = useServer();

describe('failure', () => {
  test.concurrent('SDK-11a the final failure sends inngest/function.failed, which triggers the failure function', async () => {
    const sdk = spec.sdk();
    sdk
      .define('f', () => failure('it broke', { name: 'TypeError' }), { retries: 1 })
      .define('f-failure', ({ body }) => done(body.event.data?.run_id), {
        triggers: [
          {
            event: 'inngest/function.failed',
            expression: `event.data.function_id == '${sdk.slug('f')}'`,
          },
        ],
      });
    await sdk.mustRegister();
    const run = await sdk.play('f', { n: 7 });
    const [call] = await sdk.whenCalled('f-failure');
    expect(sdk.callsOf('f')).toHaveLength(2);
    expect(call?.body.event).toMatchObject({
      name: 'inngest/function.failed',
      id: run.run_id,
      data: {
        function_id: sdk.slug('f'),
        run_id: run.run_id,
        event: { name: `${sdk.appName}/f`, data: { n: 7 } },
        events: [{ name: `${sdk.appName}/f`, data: { n: 7 } }],
        error: { name: 'TypeError', message: 'it broke', stack: expect.any(String) },
        _inngest: { status: 'Failed' },
      },
    });
    await sdk.play('f');
    await sdk.whenCalled('f-failure', 2);
    expect(sdk.callsOf('f-failure')).toHaveLength(2);
  }, 30_000);

  test.concurrent('SDK-11b a failure function that fails causes no further failure event', async () => {
    const sdk = spec.sdk();
    sdk
      .define('f', () => failure('first', { noRetry: true }))
      .define('f-failure', () => failure('second', { noRetry: true }), {
        triggers: [
          {
            event: 'inngest/function.failed',
            expression: `event.data.function_id == '${sdk.slug('f')}'`,
          },
        ],
      })
      .define('observer', ({ body }) => done(body.event.data?.function_id), {
        triggers: [
          {
            event: 'inngest/function.failed',
            expression: `event.data.function_id.startsWith('${sdk.appName}-')`,
          },
        ],
      })
      .define('other', () => failure('third', { noRetry: true }));
    await sdk.mustRegister();
    await sdk.play('f');
    const [failed] = await sdk.whenCalled('f-failure');
    await eventually(
      async () => (await sdk.client.run(failed?.body.ctx.run_id ?? '')).status === 'Failed',
    );
    await sdk.play('other');
    await eventually(() =>
      sdk
        .callsOf('observer')
        .some((call) => call.body.event.data?.function_id === sdk.slug('other')),
    );
    const observed = sdk.callsOf('observer').map((call) => call.body.event.data?.function_id);
    expect(observed.sort()).toEqual([sdk.slug('f'), sdk.slug('other')].sort());
  }, 30_000);
});
