/** Servers and apps that go away in the middle of runs, and what is left when they come back. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eventually } from '../eventually.ts';
import { type Configuration, titleOf } from './app_process.ts';
import type { Run } from './server_client.ts';
import { type Scene, Stage } from './stage.ts';

const configurations: readonly Configuration[] = [
  { sdk: '4', adapter: 'bun', isCheckpointing: true },
  { sdk: '4', adapter: 'bun', isCheckpointing: false },
  { sdk: '3', adapter: 'bun', isCheckpointing: false },
];
const stageDeadlineMs = 180_000;
const testDeadlineMs = 120_000;

interface Waiter {
  readonly scene: Scene;
  readonly run: Run;
}

/** Starts a function and resolves once nothing but its wait is left to do. */
async function park(
  stage: Stage,
  name: string,
  data: Record<string, unknown> = {},
): Promise<Waiter> {
  const scene = stage.scene();
  const run = await scene.start(name, data);
  await scene.whenParked(run);
  return { scene, run };
}

const endings = {
  'SIGKILL, as a crash or a power cut does': (stage: Stage) => stage.server.kill(),
  'SIGTERM, as a deploy does': async (stage: Stage) => {
    expect(await stage.server.stop()).toBe(0);
  },
};

for (const configuration of configurations) {
  for (const [ending, end] of Object.entries(endings)) {
    describe(`${titleOf(configuration)}, server ended by ${ending}`, () => {
      let stage: Stage;
      let waiters: Record<
        'sleep' | 'event' | 'timeout' | 'signal' | 'invoke' | 'retry' | 'cancel',
        Waiter
      >;

      beforeAll(async () => {
        stage = await Stage.open(configuration);
        const [sleep, event, timeout, signal, invoke, retry, cancel] = await Promise.all([
          park(stage, 'sleep', { for: '6s' }),
          park(stage, 'wait-event'),
          park(stage, 'wait-signal', { timeout: '8s' }),
          park(stage, 'wait-signal'),
          park(stage, 'invoke-slow'),
          park(stage, 'retry-after', { after: '6s' }),
          park(stage, 'cancel-on'),
        ]);
        waiters = { sleep, event, timeout, signal, invoke, retry, cancel };
        // What was seen in memory is on disk once a later event has been accepted.
        await stage.scene().play('without-steps');
        await end(stage);
        await stage.server.restart();
      }, stageDeadlineMs);
      afterAll(() => stage?.close(), stageDeadlineMs);

      test.concurrent(
        'a sleeping run wakes up',
        async () => {
          const { scene, run } = waiters.sleep;
          expect((await scene.ended(run)).status).toBe('Completed');
          expect(await scene.executed()).toEqual(['before', 'after']);
        },
        testDeadlineMs,
      );

      test.concurrent(
        'a run that waits for an event gets it',
        async () => {
          const { scene, run } = waiters.event;
          await scene.client.send(scene.event('approved', { by: 'me' }));
          expect((await scene.ended(run)).status).toBe('Completed');
          expect(await scene.executed()).toEqual(['before', 'after']);
        },
        testDeadlineMs,
      );

      test.concurrent(
        'a wait still times out',
        async () => {
          const { scene, run } = waiters.timeout;
          expect((await scene.ended(run)).output).toEqual({ signal: null });
          expect(await scene.executed()).toEqual(['before', 'after']);
        },
        testDeadlineMs,
      );

      test.concurrent(
        'a run that waits for a signal gets it',
        async () => {
          const { scene, run } = waiters.signal;
          expect(await scene.client.signal(`signal ${scene.key}`, 1)).toBe(run.run_id);
          expect((await scene.ended(run)).status).toBe('Completed');
          expect(await scene.executed()).toEqual(['before', 'after']);
        },
        testDeadlineMs,
      );

      test.concurrent(
        'a run that invoked another gets its result',
        async () => {
          const { scene, run } = waiters.invoke;
          const ended = await scene.ended(run);
          expect(ended.status).toBe('Completed');
          expect(ended.output).toBe('slept');
          expect(await scene.recordsNamed('before')).toHaveLength(1);
          expect(await scene.recordsNamed('after')).toHaveLength(1);
        },
        testDeadlineMs,
      );

      test.concurrent(
        'a failed step is still tried again',
        async () => {
          const { scene, run } = waiters.retry;
          expect((await scene.ended(run)).output).toBe('free');
          const attempts = (await scene.records()).map((record) => record.detail);
          expect(attempts).toEqual([0, 1]);
        },
        testDeadlineMs,
      );

      test.concurrent(
        'a cancelling event still cancels',
        async () => {
          const { scene, run } = waiters.cancel;
          await scene.client.send(scene.event('cancel', { sure: true }));
          expect((await scene.ended(run)).status).toBe('Cancelled');
        },
        testDeadlineMs,
      );

      test.concurrent(
        'functions are still known and new events start runs',
        async () => {
          const scene = stage.scene();
          expect((await scene.play('sequential')).status).toBe('Completed');
        },
        testDeadlineMs,
      );
    });
  }

  describe(`${titleOf(configuration)}, in the middle of a step`, () => {
    let stage: Stage;

    beforeAll(async () => {
      stage = await Stage.open(configuration);
    }, stageDeadlineMs);
    afterAll(() => stage?.close(), stageDeadlineMs);

    test(
      'a server asked to end waits for the step, and the step is not run again',
      async () => {
        const scene = stage.scene();
        const run = await scene.start('gated');
        await scene.whenExecuted('held');
        const ended = stage.server.stop();
        await eventually(
          () =>
            scene.client.send(scene.event('nothing-listens')).then(
              () => false,
              () => true,
            ),
          { what: 'a server that takes no more events' },
        );
        await scene.openGate('held');
        expect(await ended).toBe(0);
        await stage.server.restart();
        const after = await scene.ended(run);
        expect(after.status).toBe('Completed');
        expect(after.output).toBe('through');
        expect(await scene.executed()).toEqual(['before', 'held', 'released']);
      },
      testDeadlineMs,
    );

    test(
      'events that were accepted just before a kill all start their runs',
      async () => {
        const scene = stage.scene();
        const events = Array.from({ length: 200 }, (_, value) =>
          scene.event('without-steps', { value }),
        );
        const ids = await scene.client.send(events);
        await stage.server.kill();
        await stage.server.restart();
        const runs = await Promise.all(ids.map((id) => scene.runsOf(id, 1)));
        const ended = await Promise.all(runs.flat().map((run) => scene.ended(run, 100_000)));
        expect(ended.map((run) => run.status)).toEqual(events.map(() => 'Completed'));
        expect(ended.map((run) => run.output)).toEqual(
          events.map((_, value) => ({ echoed: value })),
        );
      },
      testDeadlineMs,
    );

    test(
      'a killed server calls the app again and the run completes',
      async () => {
        const scene = stage.scene();
        const run = await scene.start('gated');
        await scene.whenExecuted('held');
        await stage.server.kill();
        await scene.openGate('held');
        await scene.whenExecuted('released');
        await stage.server.restart();
        const after = await scene.ended(run, 100_000);
        expect(after.status).toBe('Completed');
        expect(after.output).toBe('through');
        expect(await scene.recordsNamed('before')).toHaveLength(1);
        expect((await scene.recordsNamed('held')).length).toBeWithin(1, 3);
      },
      testDeadlineMs,
    );
  });

  describe(`${titleOf(configuration)}, when the app goes away`, () => {
    let stage: Stage;

    beforeAll(async () => {
      stage = await Stage.open(configuration);
    }, stageDeadlineMs);
    afterAll(() => stage?.close(), stageDeadlineMs);

    test(
      'calls to an app that is down are retried and finished steps do not run again',
      async () => {
        const { scene, run } = await park(stage, 'sleep', { for: '1s' });
        await stage.app.kill();
        await eventually(
          async () => {
            const jobs = await scene.client.jobs(run.run_id);
            return jobs.some((job) => job.attempt > 0);
          },
          { what: 'a failed call to the app' },
        );
        await stage.app.restart();
        expect((await scene.ended(run)).status).toBe('Completed');
        expect(await scene.executed()).toEqual(['before', 'after']);
      },
      testDeadlineMs,
    );

    test(
      'an app killed in the middle of a step gets the step again',
      async () => {
        const scene = stage.scene();
        const run = await scene.start('gated');
        await scene.whenExecuted('held');
        await stage.app.kill();
        await stage.app.restart();
        await scene.openGate('held');
        const ended = await scene.ended(run);
        expect(ended.status).toBe('Completed');
        expect(await scene.executed()).toEqual(['before', 'held', 'held', 'released']);
      },
      testDeadlineMs,
    );

    test(
      'a run whose function was removed while it waited ends and says so',
      async () => {
        const { scene, run } = await park(stage, 'removable');
        await stage.app.restart({ omit: ['removable'] });
        await stage.app.sync();
        const [ignored] = await scene.client.send(scene.event('removable'));
        await scene.client.send(scene.event('removable.go'));
        const ended = await scene.ended(run, 100_000);
        expect(['Failed', 'Cancelled']).toContain(ended.status);
        // The SDK's own words: v4 names the function, v3 does not.
        expect(JSON.stringify(ended.output)).toMatch(/function/i);
        expect(await scene.executed()).toEqual(['before']);
        expect(await scene.client.runsOf(ignored ?? '')).toEqual([]);
      },
      testDeadlineMs,
    );
  });
}
