import { expect } from 'bun:test';
import { eventually } from '../../eventually.ts';
import type { Scenario, Scene } from '../stage.ts';

async function gapMs(scene: Scene, from: string, to: string): Promise<number> {
  const [first] = await scene.recordsNamed(from);
  const [last] = await scene.recordsNamed(to);
  return (last?.at ?? 0) - (first?.at ?? 0);
}

export const waiting: readonly Scenario[] = [
  {
    name: 'a sleep lasts as long as it says',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.play('sleep', { for: '2s' });
      expect(run.status).toBe('Completed');
      expect(run.output).toBe('awake');
      expect(await scene.executed()).toEqual(['before', 'after']);
      expect(await gapMs(scene, 'before', 'after')).toBeWithin(1_990, 20_000);
    },
  },
  {
    name: 'a run is Running while it sleeps',
    play: async (scene) => {
      const run = await scene.start('sleep', { for: '1h' });
      await scene.whenExecuted('before');
      await scene.whenParked(run);
      const [listed] = await scene.client.runsOf(run.event_id);
      expect(listed?.status).toBe('Running');
      expect((await scene.client.run(run.run_id)).status).toBe('Running');
      expect((await scene.client.run(run.run_id)).ended_at).toBeNull();
    },
  },
  {
    name: 'sleepUntil ends at the date, and at once when it has passed',
    play: async (scene) => {
      const until = Date.now() + 3_000;
      const [future, past] = await Promise.all([
        scene.play('sleep-until', { until }),
        scene.stage.scene().play('sleep-until', { until: Date.now() - 60_000 }),
      ]);
      expect(future.status).toBe('Completed');
      expect(past.status).toBe('Completed');
      expect(await scene.executed()).toEqual(['before', 'after']);
      const [after] = await scene.recordsNamed('after');
      expect(after?.at).toBeWithin(until - 1_000, until + 3_000);
    },
  },
  {
    name: 'waitForEvent gives the matching event and ignores the others',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.start('wait-event');
      await scene.whenExecuted('before');
      await scene.whenParked(run);
      const other = scene.stage.scene();
      await scene.client.send(other.event('approved', { by: 'someone else' }));
      await scene.client.send(scene.event('approved', { by: 'me' }));
      const ended = await scene.ended(run);
      expect(ended.status).toBe('Completed');
      expect(ended.output).toEqual({ name: 'e2e/approved', data: { key: scene.key, by: 'me' } });
      expect(await scene.executed()).toEqual(['before', 'after']);
    },
  },
  {
    name: 'waitForEvent with an `if` takes the first event for which it is true',
    play: async (scene) => {
      const run = await scene.start('wait-event-if');
      await scene.whenExecuted('before');
      await scene.whenParked(run);
      await scene.client.send(scene.event('priced', { amount: 5 }));
      await scene.client.send(scene.event('priced', { amount: 'many' }));
      await scene.client.send(scene.event('priced', { amount: 50 }));
      const ended = await scene.ended(run);
      expect(ended.output).toBe(50);
      expect(await scene.executed()).toEqual(['before', 'after']);
    },
  },
  {
    name: 'one event resumes every run that waits for it',
    play: async (scene) => {
      const runs = await Promise.all([1, 2, 3].map(() => scene.start('wait-event')));
      await Promise.all(runs.map((run) => scene.whenParked(run)));
      await scene.client.send(scene.event('approved', { by: 'all' }));
      const ended = await Promise.all(runs.map((run) => scene.ended(run)));
      expect(ended.map((run) => run.status)).toEqual(['Completed', 'Completed', 'Completed']);
      expect(await scene.recordsNamed('after')).toHaveLength(3);
    },
  },
  {
    name: 'waitForEvent gives null when nothing came in time',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.play('wait-event-timeout');
      expect(run.status).toBe('Completed');
      expect(run.output).toEqual({ found: null });
      expect(await scene.executed()).toEqual(['after']);
    },
  },
  {
    name: 'waitForSignal is resumed by POST /v1/signals with its data',
    play: async (scene) => {
      const run = await scene.start('wait-signal');
      await scene.whenExecuted('before');
      const resumed = await eventually(
        () => scene.client.signal(`signal ${scene.key}`, { word: 'now' }),
        { what: 'a run that takes the signal' },
      );
      expect(resumed).toBe(run.run_id);
      const ended = await scene.ended(run);
      expect(ended.output).toEqual({
        signal: { signal: `signal ${scene.key}`, data: { word: 'now' } },
      });
      expect(await scene.client.signal(`signal ${scene.key}`, null)).toBeNull();
      expect(await scene.executed()).toEqual(['before', 'after']);
    },
  },
  {
    name: 'waitForSignal is resumed by step.sendSignal of another function',
    play: async (scene) => {
      const run = await scene.start('wait-signal');
      await scene.whenExecuted('before');
      await scene.whenParked(run);
      const sender = await scene.play('send-signal', { word: 'from a step' });
      expect(sender.status).toBe('Completed');
      const ended = await scene.ended(run);
      expect(ended.output).toEqual({
        signal: { signal: `signal ${scene.key}`, data: { word: 'from a step' } },
      });
    },
  },
  {
    name: 'waitForSignal gives null when nothing came in time',
    play: async (scene) => {
      const run = await scene.play('wait-signal', { timeout: '1s' });
      expect(run.status).toBe('Completed');
      expect(run.output).toEqual({ signal: null });
    },
  },
  {
    name: 'a second wait for the same signal fails its run',
    play: async (scene) => {
      const first = await scene.start('wait-signal');
      await scene.whenExecuted('before');
      await scene.whenParked(first);
      const second = await scene.play('wait-signal');
      expect(second.status).toBe('Failed');
      expect(JSON.stringify(second.output)).toContain('Signal conflict');
      expect(await scene.client.signal(`signal ${scene.key}`, 1)).toBe(first.run_id);
      expect((await scene.ended(first)).status).toBe('Completed');
    },
  },
];
