/** The official SDK's extended traces: spans inside a step find their way to the run and the step. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { Inngest } from 'inngest';
import { serve } from 'inngest/bun';
import { extendedTracesMiddleware } from 'inngest/experimental';
import { stepKeyOf } from '../../../src/trace/step_key.ts';
import { openDoor, runId } from '../../api/door.ts';
import { eventually } from '../../eventually.ts';

const tp = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

// The SDK looks for a global provider when it is set up.
beforeAll(() => {
  trace.setGlobalTracerProvider(new BasicTracerProvider());
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});

afterAll(() => {
  trace.disable();
  context.disable();
});

test('a span that a step makes arrives with its run and its step', async () => {
  const door = openDoor();
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: door.handle });
  try {
    const client = new Inngest({
      id: 'shop',
      isDev: true,
      baseUrl: `http://127.0.0.1:${server.port}`,
      middleware: [extendedTracesMiddleware({ behaviour: 'extendProvider' })],
    });
    const charge = client.createFunction(
      { id: 'charge', triggers: { event: 'order/placed' } },
      async ({ step }) =>
        step.run('pay', () => {
          trace.getTracer('bank').startSpan('POST /cards').end();
          return 'paid';
        }),
    );
    const handle = serve({ client, functions: [charge] });
    const response = await handle(callRequest());
    expect(response.status).toBe(206);
    const spans = () => door.world.annotations.filter((fact) => fact.t === 'userland');
    await eventually(() => spans().some(({ name }) => name === 'POST /cards'));
    const span = spans().find(({ name }) => name === 'POST /cards');
    expect(span).toMatchObject({ runId, scopeName: 'bank', stepId: stepKeyOf('pay'), attempt: 0 });
    expect(span?.attributes).not.toContain('traceref');
  } finally {
    await server.stop(true);
  }
});

function callRequest(): Request {
  const reference = encodeURIComponent(JSON.stringify({ tp, ts: '' }));
  const event = { name: 'order/placed', data: {}, id: 'e', ts: 1 };
  return new Request('http://localhost/api/inngest?fnId=shop-charge&stepId=step', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      host: 'localhost',
      traceparent: tp,
      tracestate: `inngest@traceref=${reference},inngest@fn=fn-1,inngest@app=app-1`,
    },
    body: JSON.stringify({
      ctx: {
        run_id: runId,
        attempt: 0,
        fn_id: 'fn-1',
        env: 'dev',
        stack: { stack: [], current: 0 },
      },
      event,
      events: [event],
      steps: {},
      use_api: false,
      version: 2,
    }),
  });
}
