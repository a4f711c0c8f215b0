/** A rerun from a step with edited input, of an app with the official SDK. */
import { afterAll, afterEach, beforeEach, expect, test } from 'bun:test';
import { Inngest } from 'inngest';
import { serve } from 'inngest/bun';
import { httpDriver } from '../../src/driver/http.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { Reruns } from '../../src/runner/reruns.ts';
import { eventually } from '../eventually.ts';
import { factHistory } from '../history/fact_history.ts';
import { World } from '../simulation/world.ts';

const silent = { info() {}, warn() {}, error() {}, debug() {} };
const options = { logger: silent, internalLogger: silent, isDev: true, eventKey: 'k' };
const client = new Inngest({ id: 'app', ...options, checkpointing: false });
const ran: string[] = [];
const trigger = { triggers: [{ event: 'test/go' }] };

const handler = serve({
  client,
  functions: [
    client.createFunction({ id: 'pay', ...trigger }, async ({ step }) => {
      const price = await step.run('look up', () => {
        ran.push('look up');
        return 10;
      });
      await step.sleep('nap', '1s');
      const charge = (amount: number, currency: string): string => {
        ran.push(`charge ${amount} ${currency}`);
        return `${amount} ${currency}`;
      };
      const paid = await step.run('charge', charge, price, 'EUR');
      return step.run('receipt', () => `paid ${paid}`);
    }),
    client.createFunction({ id: 'split', ...trigger }, async ({ step }) => {
      const double = (n: number): number => 2 * n;
      const [left, right] = await Promise.all([
        step.run('left', double, 1),
        step.run('right', double, 2),
      ]);
      return step.run('sum', () => left + right);
    }),
  ],
});
const app = Bun.serve({ port: 0, fetch: handler });
afterAll(() => app.stop(true));

let world: World;
let reruns: Reruns;
beforeEach(async () => {
  ran.length = 0;
  world = await World.create({ startMs: Date.now() });
  const driver = httpDriver({ clock: systemClock });
  const until = new AbortController().signal;
  world.app.call = (request) => {
    world.app.calls.push(request);
    const url = `${app.url.origin}/api?fnId=${request.functionSlug}`;
    return driver.call({ ...request, url }, until);
  };
  await world.register({ pay: {}, split: {} });
  reruns = new Reruns({
    ...{ store: world.store, clock: world.clock, newId: world.newId },
    registry: world.server.registry,
    history: factHistory(() => world.facts()),
  });
  await world.send('test/go');
});
afterEach(() => world.close());

/** The app answers in its own time; sleeps end as soon as there are any. */
async function outputOf(runId: string): Promise<unknown> {
  return eventually(
    async () => {
      await world.advance(2_000);
      const run = world.ended().find((each) => each.runId === runId);
      return run && [run.status, run.output];
    },
    { what: `the end of ${runId}` },
  );
}

async function rerun(id: string, fromStep: { stepId: string; input?: string }): Promise<unknown> {
  const [original = ''] = world.runsOf(id);
  await outputOf(original);
  ran.length = 0;
  world.app.calls.length = 0;
  const outcome = await reruns.rerun(original, fromStep);
  if (outcome.kind !== 'created') throw new Error(outcome.kind);
  return outputOf(outcome.runId);
}

test('runs the step with what it is given, and nothing before it', async () => {
  const fromStep = { stepId: 'charge', input: '[25, "USD"]' };
  expect(await rerun('pay', fromStep)).toEqual(['Completed', 'paid 25 USD']);
  expect(ran).toEqual(['charge 25 USD']);
  expect(world.app.calls[0]?.stepId).not.toBe('step');
});

test('runs the step with its own input when it is given none', async () => {
  expect(await rerun('pay', { stepId: 'charge' })).toEqual(['Completed', 'paid 10 EUR']);
  expect(ran).toEqual(['charge 10 EUR']);
});

test('from a sleep sleeps again', async () => {
  expect(await rerun('pay', { stepId: 'nap' })).toEqual(['Completed', 'paid 10 EUR']);
  expect(ran).toEqual(['charge 10 EUR']);
});

test('of a parallel step brings its sibling, too', async () => {
  const fromStep = { stepId: 'left', input: '[10]' };
  expect(await rerun('split', fromStep)).toEqual(['Completed', 24]);
});
