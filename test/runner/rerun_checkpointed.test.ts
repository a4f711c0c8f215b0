/** A rerun from a step of an app whose SDK reports its steps many at a time, by the history that servers have. */
import { afterAll, afterEach, beforeEach, expect, test } from 'bun:test';
import { Inngest } from 'inngest';
import { serve } from 'inngest/bun';
import { asyncRule } from '../../src/api/checkpoint_body.ts';
import { httpDriver } from '../../src/driver/http.ts';
import { AsyncCheckpoints } from '../../src/executor/checkpoints.ts';
import type { History } from '../../src/history/history.ts';
import { openHistory } from '../../src/history/open_history.ts';
import { readOutbox } from '../../src/history/outbox.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { Reruns } from '../../src/runner/reruns.ts';
import { eventually } from '../eventually.ts';
import { World } from '../simulation/world.ts';

const ids = Array.from({ length: 13 }, (_, n) => `s${n}`);
const ran: string[] = [];
/** How many steps came with each report. */
const reports: number[] = [];

let world: World;
let history: History;
let reruns: Reruns;

/** The door that SDKs report to while their call is open. */
const door = Bun.serve({
  port: 0,
  fetch: async (request) => {
    const [, runId = ''] = /\/checkpoint\/(\w+)\/async$/.exec(new URL(request.url).pathname) ?? [];
    const body = asyncRule.schema.parse(await request.json());
    reports.push(body.steps.length);
    const { store, clock, newId } = world;
    const { limits, terminator } = world.server;
    const outcome = await new AsyncCheckpoints({ store, clock, newId, limits, terminator }).save({
      ...{ runId, functionId: body.fn_id, queueItem: body.qi_id, steps: body.steps },
      ...{ generation: body.generation_id, requestStartedAtMs: body.request_started_at },
    });
    return outcome.kind === 'saved'
      ? new Response()
      : new Response(outcome.message, { status: outcome.status });
  },
});

const silent = { info() {}, warn() {}, error() {}, debug() {} };
const client = new Inngest({
  ...{ id: 'app', logger: silent, internalLogger: silent, isDev: true, eventKey: 'k' },
  baseUrl: door.url.origin,
});
const buffered = { checkpointing: { bufferedSteps: 10, maxInterval: '5s' as const } };
const handler = serve({
  client,
  functions: [
    client.createFunction(
      { id: 'fn', triggers: [{ event: 'test/go' }], ...buffered },
      async ({ step }) => {
        const out: string[] = [];
        for (const id of ids) {
          out.push(
            await step.run(id, () => {
              ran.push(id);
              return id;
            }),
          );
        }
        return out.join();
      },
    ),
  ],
});
const app = Bun.serve({ port: 0, fetch: handler });
afterAll(async () => {
  await app.stop(true);
  await door.stop(true);
});

beforeEach(async () => {
  ran.length = 0;
  reports.length = 0;
  world = await World.create({ startMs: Date.now() });
  history = await openHistory({ kind: 'sqlite', path: null });
  const driver = httpDriver({ clock: systemClock });
  const until = new AbortController().signal;
  world.app.call = (request) =>
    driver.call({ ...request, url: `${app.url.origin}/api?fnId=${request.functionSlug}` }, until);
  await world.register({ fn: {} });
  const { store, clock, newId } = world;
  reruns = new Reruns({ store, clock, newId, registry: world.server.registry, history });
});
afterEach(async () => {
  await history.close();
  await world.close();
});

/** The app answers in its own time. */
async function ended(runId: string): Promise<unknown> {
  return eventually(
    async () => {
      await world.settle();
      const run = world.ended().find((each) => each.runId === runId);
      return run && [run.status, run.output];
    },
    { what: `the end of ${runId}` },
  );
}

/** Runs the run again from a step and answers the new one's id; `ran` has what was run for it. */
async function rerun(runId: string, stepId: string): Promise<string> {
  await history.record((await readOutbox(world.store, 1_000)).facts);
  ran.length = 0;
  const outcome = await reruns.rerun(runId, { stepId });
  if (outcome.kind !== 'created') throw new Error(outcome.kind);
  expect(await ended(outcome.runId)).toEqual(['Completed', ids.join()]);
  return outcome.runId;
}

test('runs that step and those after it, of the run and of its rerun', async () => {
  await world.send('test/go');
  const [original = ''] = world.runsOf('fn');
  expect(await ended(original)).toEqual(['Completed', ids.join()]);
  // The rest came with the answer.
  expect(reports).toEqual([10]);
  let last = '';
  for (const [n, id] of ids.entries()) {
    last = await rerun(original, id);
    expect(ran).toEqual(ids.slice(n));
  }
  for (const [n, id] of ids.entries()) {
    await rerun(last, id);
    expect(ran).toEqual(ids.slice(n));
  }
});
