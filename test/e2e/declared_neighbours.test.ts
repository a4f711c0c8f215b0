/** Declared functions beside others: apps on the SDK, services that check signatures, servers that share a Redis. */
import { describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Inngest, referenceFunction } from 'inngest';
import { serve } from 'inngest/bun';
import { z } from 'zod';
import { type StepServer, startStepServer } from '../../examples/cue/step-server.ts';
import { eventually } from '../eventually.ts';
import { hasRedis, RedisServer } from '../redis_server.ts';
import { ServerProcess } from '../server_process.ts';
import { endedRun, failureOf } from './declared_run.ts';
import { DeclaredStage, withPort } from './declared_stage.ts';
import { after, functionsText, onceAt, stepAt } from './declared_text.ts';
import { silent } from './keyed_stage.ts';
import { ServerClient } from './server_client.ts';

const testDeadlineMs = 60_000;

const appsSchema = z.object({ apps: z.array(z.object({ id: z.string(), name: z.string() })) });
const listedSchema = z.array(z.looseObject({ id: z.string() }));

/** An app on the SDK, asked to register itself; `synced` is how that went. */
async function withApp(
  sdk: Inngest.Any,
  functions: Parameters<typeof serve>[0]['functions'],
  play: (synced: Response) => Promise<void>,
): Promise<void> {
  const handler = serve({ client: sdk, functions });
  const app = Bun.serve({ port: 0, idleTimeout: 0, routes: { '/api/inngest': handler } });
  try {
    await play(await fetch(`${app.url.origin}/api/inngest`, { method: 'PUT' }));
  } finally {
    await app.stop(true);
  }
}

describe('beside apps on the SDK', () => {
  const document = functionsText({
    callee: { steps: { work: onceAt('/callee/work') } },
    'failing-callee': { steps: { work: onceAt('/callee/fails') } },
    shown: {
      steps: {
        a: stepAt('/shown/a'),
        b: onceAt('/shown/b', { after: [{ step: 'a', if: 'response.body.done' }] }),
      },
    },
  });
  const open = () =>
    DeclaredStage.open(
      'embedded',
      { 'functions.json': document },
      { '/callee/fails': () => ({ status: 404 }) },
    );
  const clientOf = (stage: DeclaredStage, id: string) =>
    new Inngest({ id, isDev: true, baseUrl: stage.server.url, logger: silent });

  test(
    'a declared function gives its result, or its failure, to whoever invokes it',
    async () => {
      const stage = await open();
      const sdk = clientOf(stage, 'caller');
      const functions = ['callee', 'failing-callee'].map((functionId) =>
        sdk.createFunction(
          { id: `calls-${functionId}`, triggers: [{ event: `caller/${functionId}` }], retries: 0 },
          ({ step }) =>
            step.invoke('call', {
              function: referenceFunction({ appId: 'cue', functionId }),
              data: { number: 21 },
            }),
        ),
      );
      try {
        await withApp(sdk, functions, async (synced) => {
          expect(synced.status).toBe(200);
          const [good, bad] = await Promise.all([
            stage.send({ name: 'caller/callee' }),
            stage.send({ name: 'caller/failing-callee' }),
          ]);
          const run = await stage.endedOne(good);
          expect(run.status).toBe('Completed');
          expect(run.output).toEqual({ work: { status: 200, body: { done: true } } });
          const called = stage.steps.calls.find(({ path }) => path === '/callee/work');
          expect(called?.request.event.data).toMatchObject({ number: 21 });
          const failed = failureOf(await stage.endedOne(bad));
          expect(failed.message).toContain('step "work" failed: invalid status code: 404');
        });
      } finally {
        await stage.close();
      }
    },
    testDeadlineMs,
  );

  test(
    'their app keeps its name, and is shown with the steps and edges of its functions',
    async () => {
      const stage = await open();
      const sdk = clientOf(stage, 'cue');
      const fn = sdk.createFunction({ id: 'x', triggers: [{ event: 'x/y' }] }, () => null);
      try {
        await withApp(sdk, [fn], async (synced) => {
          expect(synced.ok).toBe(false);
          expect(await synced.text()).toContain('is the app of functions declared in documents');
          const apps = '{ apps { name error } }';
          expect(await stage.query(apps)).toEqual({ apps: [{ name: 'cue', error: null }] });
        });
        const answer = await fetch(`${stage.server.url}/v1/apps/cue/functions`);
        const listed = listedSchema.parse(await answer.json());
        expect(listed.map(({ id }) => id)).toEqual([
          'cue-callee',
          'cue-failing-callee',
          'cue-shown',
        ]);
        const { url } = stage.steps;
        expect(listed.find(({ id }) => id === 'cue-shown')).toMatchObject({
          name: 'shown',
          config: {
            triggers: [{ event: 'shown/wanted' }],
            steps: [
              { id: 'a', name: 'a', uri: `${url}/shown/a`, retries: { attempts: 2 } },
              { id: 'b', name: 'b', uri: `${url}/shown/b`, retries: { attempts: 0 } },
            ],
            edges: [
              { outgoing: '$trigger', incoming: 'a' },
              { outgoing: 'a', incoming: 'b', metadata: { if: 'response.body.done' } },
            ],
          },
        });
      } finally {
        await stage.close();
      }
    },
    testDeadlineMs,
  );
});

test(
  'the app of declared functions is not replaced by an app at another URL',
  async () => {
    const document = functionsText({ kept: { steps: { only: onceAt('/kept') } } });
    const stage = await DeclaredStage.open('embedded', { 'functions.json': document });
    const sdk = new Inngest({
      id: 'other',
      isDev: true,
      baseUrl: stage.server.url,
      logger: silent,
    });
    const fn = sdk.createFunction({ id: 'x', triggers: [{ event: 'x/y' }] }, () => null);
    try {
      const { apps } = appsSchema.parse(await stage.query('{ apps { id name } }'));
      const moving =
        'mutation ($id: String!, $url: String!) { updateApp(input: {id: $id, url: $url}) { name } }';
      await withApp(sdk, [fn], async (synced) => {
        const variables = { id: apps[0]?.id, url: synced.url };
        await expect(stage.query(moving, variables)).rejects.toThrow('edit the documents instead');
      });
      const run = await stage.endedOne(await stage.send({ name: 'kept/wanted' }));
      expect(run.status).toBe('Completed');
    } finally {
      await stage.close();
    }
  },
  testDeadlineMs,
);

describe('steps of a server with a key', () => {
  const document = {
    'signed.json': functionsText({ signed: { steps: { only: onceAt('/signed/only') } } }),
  };

  test(
    'are called with signatures that they can check',
    async () => {
      const stage = await DeclaredStage.open('embedded', document, {}, { isKeyed: true });
      try {
        const run = await stage.endedOne(await stage.send({ name: 'signed/wanted' }));
        expect(run.status).toBe('Completed');
        const [call] = stage.callsOf(run);
        expect(call?.headers['x-inngest-signature']).toMatch(/^t=\d+&s=[0-9a-f]{64}$/);
      } finally {
        await stage.close();
      }
    },
    testDeadlineMs,
  );

  test(
    'that have another key refuse, and the run fails with what they say',
    async () => {
      const keys = { isKeyed: true, stepKey: 'ff'.repeat(16) };
      const stage = await DeclaredStage.open('embedded', document, {}, keys);
      try {
        const run = await stage.endedOne(await stage.send({ name: 'signed/wanted' }));
        expect(failureOf(run).message).toBe('step "only" failed: invalid status code: 401');
        expect(JSON.stringify(run.output)).toContain('the signature is missing, wrong or too old');
      } finally {
        await stage.close();
      }
    },
    testDeadlineMs,
  );
});

const isRedisHere = hasRedis('redis');
const sharing = `servers on one Redis${isRedisHere ? '' : ' (skipped: not installed)'}`;
describe.skipIf(!isRedisHere)(sharing, () => {
  interface Shared {
    readonly steps: StepServer;
    /** The document of those servers that have one. */
    write(text: string): Promise<void>;
    start(options: { readonly hasDocument: boolean }): Promise<ServerProcess>;
  }

  async function share(play: (shared: Shared) => Promise<void>): Promise<void> {
    const directory = await mkdtemp(join(tmpdir(), 'inngest-shared-'));
    const file = join(directory, 'functions.json');
    const steps = await startStepServer({ port: 0, signingKey: null });
    const redis = await RedisServer.start();
    const servers: ServerProcess[] = [];
    try {
      await play({
        steps,
        async write(text) {
          await Bun.write(file, withPort(text, steps.port));
        },
        async start({ hasDocument }) {
          const args = ['--redis-uri', redis.url, ...(hasDocument ? ['--functions', file] : [])];
          const dataDir = join(directory, 'data');
          const server = await ServerProcess.start({ args, dataDir });
          servers.push(server);
          return server;
        },
      });
    } finally {
      await Promise.all(servers.map((server) => server.dispose()));
      await redis.dispose();
      await steps.close();
      await rm(directory, { recursive: true, force: true });
    }
  }

  test(
    'with the same documents run every step of a diamond once',
    () =>
      share(async ({ steps, write, start }) => {
        await write(
          functionsText({
            diamond: {
              steps: {
                top: stepAt('/diamond/top'),
                left: stepAt('/diamond/left', after('top')),
                right: stepAt('/diamond/right', after('top')),
                all: stepAt('/diamond/all', { ...after('left', 'right'), join: 'all' }),
                any: stepAt('/diamond/any', after('left', 'right')),
              },
            },
          }),
        );
        const servers = [start({ hasDocument: true }), start({ hasDocument: true })];
        const client = new ServerClient((await Promise.all(servers)).map(({ url }) => url));
        // Enough for both servers to have a part in many runs. One by one, so that both take events in.
        const sent = Array.from({ length: 20 }, () => client.send({ name: 'diamond/wanted' }));
        for (const id of (await Promise.all(sent)).flat()) {
          const { run_id, status } = await endedRun(client, id);
          expect(status).toBe('Completed');
          const called = steps.calls
            .map(({ request: { ctx } }) => ctx)
            .filter((ctx) => ctx.run_id === run_id);
          const stepIds = called.map(({ step_id }) => step_id).toSorted();
          expect(stepIds).toEqual(['all', 'any', 'left', 'right', 'top']);
        }
      }),
    testDeadlineMs,
  );

  test(
    'that have no documents run the functions of those that have, as these say, and when these are gone',
    () =>
      share(async ({ steps, write, start }) => {
        const text = (path: string) =>
          functionsText({
            shared: {
              steps: {
                a: onceAt(path),
                b: onceAt('/shared/b', {
                  after: [{ step: 'a', async: { event: 'shared/go', ttl: '1h' } }],
                }),
              },
            },
          });
        await write(text('/shared/one'));
        const first = await start({ hasDocument: true });
        const second = await start({ hasDocument: false });
        await write(text('/shared/two'));
        await eventually(async () =>
          (await first.logs()).includes('functions in documents have changed'),
        );
        const client = new ServerClient(second.url);
        const [eventId = ''] = await client.send({ name: 'shared/wanted' });
        await eventually(async () => {
          const [run] = await client.runsOf(eventId);
          const jobs = run && (await client.jobs(run.run_id));
          return jobs?.length === 1 && jobs[0]?.kind === 'timeout';
        });
        expect(await first.stop()).toBe(0);
        await client.send({ name: 'shared/go' });
        expect((await endedRun(client, eventId)).status).toBe('Completed');
        expect(steps.calls.map(({ path }) => path)).toEqual(['/shared/two', '/shared/b']);
      }),
    testDeadlineMs,
  );
});
