import { expect } from 'bun:test';
import { eventually } from '../../eventually.ts';
import type { Scenario } from '../stage.ts';

export const invoking: readonly Scenario[] = [
  {
    name: 'step.invoke gives the result of the other function',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.play('invoke');
      expect(run.status).toBe('Completed');
      expect(run.output).toEqual({ doubled: 42 });
      expect(await scene.executed()).toEqual(['callee', 'after']);
    },
  },
  {
    name: 'a failing function fails the step that invoked it',
    play: async (scene) => {
      const run = await scene.play('invoke-failing');
      expect(run.status).toBe('Completed');
      expect(run.output).toMatchObject({ message: expect.stringContaining('the callee gave up') });
      expect(await scene.executed()).toEqual(['failing callee']);
    },
  },
  {
    name: 'an invoke that takes too long fails its step and leaves the other run alone',
    play: async (scene) => {
      const run = await scene.play('invoke-timeout');
      expect(run.status).toBe('Completed');
      expect(JSON.stringify(run.output)).toContain(
        'Timed out waiting for invoked function to complete',
      );
      const [callee] = await scene.recordsNamed('sleeping callee');
      expect((await scene.client.run(callee?.run ?? '')).status).toBe('Running');
      await scene.client.cancel(callee?.run ?? '');
    },
  },
  {
    name: 'invoking a function that does not exist fails the step with its name',
    play: async (scene) => {
      const run = await scene.play('invoke-unknown');
      expect(run.status).toBe('Completed');
      expect(JSON.stringify(run.output)).toContain('does-not-exist');
    },
  },
  {
    name: 'cancelling an invoked run resumes its invoker with an error',
    play: async (scene) => {
      const run = await scene.start('invoke-cancelled');
      const callee = await scene.whenExecuted('sleeping callee');
      await eventually(async () => (await scene.client.cancel(callee.run)) === 200);
      await eventually(async () => (await scene.client.run(callee.run)).status === 'Cancelled');
      const ended = await scene.ended(run);
      expect(ended.status).toBe('Completed');
      expect(ended.output).toMatchObject({ message: expect.any(String) });
    },
  },
  {
    name: 'POST /invoke starts a function that has no trigger',
    play: async (scene) => {
      const answer = await fetch(`${scene.client.url}/invoke/e2e-callee`, {
        method: 'POST',
        body: JSON.stringify({ data: { key: scene.key, number: 4 } }),
      });
      const { id } = (await answer.json()) as { id: string };
      const [run] = await scene.runsOf(id, 1);
      if (!run) throw new Error('no run');
      expect((await scene.ended(run)).output).toEqual({ doubled: 8 });
      expect(await scene.executed()).toEqual(['callee']);
    },
  },
];
