/** §11 Steps: invoke and sendEvent. */
import { describe, expect, test } from 'bun:test';
import { done, failure, invoke, ops, sleep, stepRun } from './reply.ts';
import { untilMemo } from './scripts.ts';
import { useServer } from './spec_server.ts';

const spec = useServer();

describe('invoke and events', () => {
  test.concurrent('SDK-5.3.4a invoke runs the target whatever its triggers and memoizes data or error', async () => {
    const sdk = spec.sdk();
    sdk
      .define('target', ({ body }) => done({ got: body.event.data?.n, name: body.event.name }), {
        triggers: [],
      })
      .define('failing', () => failure('no', { name: 'Refusal', noRetry: true }), { triggers: [] })
      .define(
        'ok',
        untilMemo('a', invoke('a', sdk.slug('target'), { payload: { data: { n: 5 } } })),
      )
      .define('bad', untilMemo('a', invoke('a', sdk.slug('failing'))));
    await sdk.mustRegister();
    expect((await sdk.play('ok')).output).toEqual({
      memo: { data: { got: 5, name: 'inngest/function.invoked' } },
    });
    expect((await sdk.play('bad')).output).toMatchObject({
      memo: { error: { name: 'Refusal', message: 'no' } },
    });
    expect(sdk.callsOf('target')).toHaveLength(1);
    const id = sdk.callsOf('target')[0]?.body.ctx.fn_id;
    sdk.define('by-uuid', untilMemo('a', invoke('a', id ?? '', { payload: { data: { n: 6 } } })));
    await sdk.mustRegister();
    expect((await sdk.play('by-uuid')).output).toMatchObject({ memo: { data: { got: 6 } } });
  }, 30_000);

  test.concurrent('SDK-5.3.4b an unknown target becomes an error in the memo', async () => {
    const sdk = spec.sdk().define('f', untilMemo('a', invoke('a', 'nobody-here')));
    await sdk.mustRegister();
    expect((await sdk.play('f')).output).toMatchObject({
      memo: { error: { name: 'Error', message: 'could not find function with ID: nobody-here' } },
    });
  });

  test.concurrent('SDK-5.3.4c an invoke that takes too long becomes InngestInvokeTimeoutError', async () => {
    const sdk = spec.sdk();
    sdk
      .define('target', untilMemo('a', sleep('a', '1h')), { triggers: [] })
      .define('f', untilMemo('a', invoke('a', sdk.slug('target'), { timeout: '1s' })));
    await sdk.mustRegister();
    expect((await sdk.play('f')).output).toEqual({
      memo: {
        error: {
          error: 'InngestInvokeTimeoutError: Timed out waiting for invoked function to complete',
          name: 'InngestInvokeTimeoutError',
          message: 'Timed out waiting for invoked function to complete',
        },
      },
    });
  });

  test.concurrent('SDK-5.3.5a events sent in a step trigger functions and their ids come in order', async () => {
    const sdk = spec.sdk();
    sdk
      .define('sender', async ({ memo }) => {
        if (memo('send') !== undefined) return done(memo('send'));
        const ids = await sdk.client.send(
          [1, 2, 3].map((n) => ({ name: `${sdk.appName}/told`, data: { n } })),
        );
        return ops(stepRun('send', { ids }));
      })
      .define('told', ({ body }) => done(body.event.data?.n));
    await sdk.mustRegister();
    const { data } = (await sdk.play('sender')).output as { data: { ids: string[] } };
    const results: unknown[] = [];
    for (const id of data.ids) results.push((await sdk.ended(await sdk.runOf(id))).output);
    expect(results).toEqual([1, 2, 3]);
    expect([...data.ids].sort()).toEqual(data.ids);
  });
});
