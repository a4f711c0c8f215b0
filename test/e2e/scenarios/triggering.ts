import { expect } from 'bun:test';
import { eventually } from '../../eventually.ts';
import { hasCron, ticksWanted } from '../matrix.ts';
import type { Scenario } from '../stage.ts';

export const triggering: readonly Scenario[] = [
  {
    name: 'one event starts every function that it triggers',
    isSmoke: true,
    play: async (scene) => {
      const [eventId] = await scene.client.send(scene.event('together'));
      const runs = await scene.runsOf(eventId ?? '', 3);
      const ended = await Promise.all(runs.map((run) => scene.ended(run)));
      expect(ended.map((run) => run.output).sort()).toEqual([
        'together-a',
        'together-b',
        'together-c',
      ]);
      expect((await scene.executed()).sort()).toEqual(['together-a', 'together-b', 'together-c']);
    },
  },
  {
    name: 'wildcard triggers match whole suffixes after a slash and a dot',
    play: async (scene) => {
      const names = ['e2e-wild/order.created', 'e2e-wild/other', 'e2e-wilder/order.created'];
      const ids = await scene.client.send(
        names.map((name) => ({ name, data: { key: scene.key } })),
      );
      const [both, one] = await Promise.all([
        scene.runsOf(ids[0] ?? '', 2),
        scene.runsOf(ids[1] ?? '', 1),
      ]);
      await Promise.all([...both, ...one].map((run) => scene.ended(run)));
      const seen = (await scene.records()).map(({ name, detail }) => `${name} ${detail}`);
      expect(seen.sort()).toEqual([
        'dot e2e-wild/order.created',
        'slash e2e-wild/order.created',
        'slash e2e-wild/other',
      ]);
      expect(await scene.client.runsOf(ids[2] ?? '')).toEqual([]);
    },
  },
  {
    name: 'a trigger expression decides which events start a run',
    play: async (scene) => {
      const ids = await scene.client.send([
        scene.event('conditional', { total: 99 }),
        scene.event('conditional', { total: 'lots' }),
        scene.event('conditional', { total: 100 }),
      ]);
      const [run] = await scene.runsOf(ids[2] ?? '', 1);
      if (!run) throw new Error('no run');
      expect((await scene.ended(run)).output).toBe(100);
      expect(await scene.client.runsOf(ids[0] ?? '')).toEqual([]);
      expect(await scene.client.runsOf(ids[1] ?? '')).toEqual([]);
    },
  },
  {
    name: 'either of two triggers starts the function',
    play: async (scene) => {
      const ids = await scene.client.send([scene.event('either'), scene.event('or')]);
      for (const id of ids) {
        const [run] = await scene.runsOf(id, 1);
        if (run) await scene.ended(run);
      }
      const seen = (await scene.records()).map((record) => record.detail);
      expect(seen.sort()).toEqual(['e2e/either', 'e2e/or']);
    },
  },
  {
    name: 'a request with 50 events starts 50 runs and each executes once',
    isSmoke: true,
    play: async (scene) => {
      const events = Array.from({ length: 50 }, (_, value) =>
        scene.event('without-steps', { value }),
      );
      const ids = await scene.client.send(events);
      expect(new Set(ids).size).toBe(50);
      const runs = await Promise.all(ids.map((id) => scene.runsOf(id, 1)));
      const ended = await Promise.all(runs.flat().map((run) => scene.ended(run)));
      const echoed = ended.map((run) => (run.output as { echoed: number }).echoed);
      expect(echoed).toEqual(Array.from({ length: 50 }, (_, value) => value));
      expect(await scene.records()).toHaveLength(50);
    },
  },
  {
    name: 'an event id starts a function once',
    play: async (scene) => {
      const event = { ...scene.event('without-steps', { value: 1 }), id: `once ${scene.key}` };
      const [first] = await scene.client.send(event);
      const [run] = await scene.runsOf(first ?? '', 1);
      if (!run) throw new Error('no run');
      const [second] = await scene.client.send(event);
      await scene.ended(run);
      const [third] = await scene.client.send(event);
      // A later event of the same function: once it has run, the two copies have been dealt with.
      await scene.play('without-steps', { value: 2 });
      expect(await scene.client.runsOf(second ?? '')).toEqual([]);
      expect(await scene.client.runsOf(third ?? '')).toEqual([]);
      expect(await scene.records()).toHaveLength(2);
    },
  },
  {
    name: 'an idempotency expression lets one run through for each value',
    play: async (scene) => {
      const ids = await scene.client.send(
        ['x', 'y', 'x'].map((letter) =>
          scene.event('idempotent', { order: `${letter} ${scene.key}` }),
        ),
      );
      const first = await scene.runsOf(ids[0] ?? '', 1);
      const second = await scene.runsOf(ids[1] ?? '', 1);
      await Promise.all([...first, ...second].map((run) => scene.ended(run)));
      await scene.play('without-steps');
      expect(await scene.client.runsOf(ids[2] ?? '')).toEqual([]);
      expect(await scene.recordsNamed('body')).toHaveLength(3);
    },
  },
  {
    name: 'cancelOn cancels the run when its `if` holds and not before',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.start('cancel-on');
      await scene.whenExecuted('before');
      await scene.whenParked(run);
      await scene.client.send(scene.event('cancel', { sure: false }));
      await scene.client.send({ name: 'e2e/cancel', data: { key: 'another', sure: true } });
      await scene.play('without-steps');
      expect((await scene.client.run(run.run_id)).status).toBe('Running');
      await scene.client.send(scene.event('cancel', { sure: true }));
      expect((await scene.ended(run)).status).toBe('Cancelled');
      expect(await scene.recordsNamed('after')).toHaveLength(0);
      expect(await scene.client.jobs(run.run_id)).toEqual([]);
    },
  },
  {
    name: 'cancelOn with `match` cancels a waiting run',
    play: async (scene) => {
      const run = await scene.start('cancel-on-match');
      await scene.whenExecuted('before');
      await scene.client.send(scene.event('cancel.match'));
      expect((await scene.ended(run)).status).toBe('Cancelled');
      expect(await scene.executed()).toEqual(['before']);
    },
  },
  {
    name: 'cancelOn is over when its timeout has passed',
    play: async (scene) => {
      const run = await scene.start('cancel-on-timeout');
      await scene.whenExecuted('past');
      await scene.whenParked(run);
      await scene.client.send(scene.event('cancel.late'));
      await scene.client.send(scene.event('cancel.go'));
      const ended = await scene.ended(run);
      expect(ended.status).toBe('Completed');
      expect(ended.output).toBe('not cancelled');
    },
  },
  {
    name: 'DELETE /v1/runs cancels a run and its sleep',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.start('sleep', { for: '1h' });
      await scene.whenExecuted('before');
      expect(await scene.client.cancel(run.run_id)).toBe(200);
      expect((await scene.ended(run)).status).toBe('Cancelled');
      expect(await scene.executed()).toEqual(['before']);
    },
  },
  {
    name: 'timeouts.finish cancels a run that takes too long',
    play: async (scene) => {
      const run = await scene.play('timeout-finish');
      expect(run.status).toBe('Cancelled');
      expect(await scene.executed()).toEqual(['before']);
    },
  },
  {
    name: 'timeouts.start cancels a run that waited too long to begin',
    play: async (scene) => {
      const first = await scene.start('timeout-start', { number: 1 });
      await scene.whenExecuted('held');
      const second = await scene.start('timeout-start', { number: 2 });
      expect((await scene.ended(second)).status).toBe('Cancelled');
      await scene.openGate('held');
      const ended = await scene.ended(first);
      expect(ended.status).toBe('Completed');
      expect(ended.output).toBe(1);
      expect((await scene.records()).map((record) => record.detail)).toEqual([1]);
    },
  },
  {
    name: 'a cron function runs on the minute',
    isFor: hasCron,
    deadlineMs: 150_000,
    play: async (scene) => {
      const ticks = await eventually(
        async () => {
          const records = await scene.stage.app.records('none');
          const found = records.filter((record) => record.name === 'minutely');
          return found.length >= ticksWanted && found;
        },
        { deadlineMs: 140_000, intervalMs: 500, what: 'ticks of the cron function' },
      );
      for (const tick of ticks) expect(tick.at % 60_000).toBeLessThan(5_000);
      const [first, second] = ticks;
      if (first && second) expect(Math.round((second.at - first.at) / 60_000)).toBe(1);
      expect(new Set(ticks.map((tick) => tick.run)).size).toBe(ticks.length);
    },
  },
];
