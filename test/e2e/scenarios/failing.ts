import { expect } from 'bun:test';
import type { Scenario, Scene } from '../stage.ts';

async function attemptsOf(scene: Scene, name: string): Promise<unknown[]> {
  return (await scene.recordsNamed(name)).map((record) => record.detail);
}

export const failing: readonly Scenario[] = [
  {
    name: 'a step that fails twice is tried a third time and nothing else runs again',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.play('flaky-step');
      expect(run.status).toBe('Completed');
      expect(run.output).toBe('third time lucky');
      expect(await attemptsOf(scene, 'flaky')).toEqual([0, 1, 2]);
      expect(await scene.recordsNamed('before')).toHaveLength(1);
      // v3 with checkpointing goes on in the call that was a retry, so that its attempt shows there.
      const { sdk, isCheckpointing } = scene.stage.configuration;
      expect(await attemptsOf(scene, 'after')).toEqual([sdk === '3' && isCheckpointing ? 2 : 0]);
    },
  },
  {
    name: 'a function that throws outside steps is called again',
    play: async (scene) => {
      const run = await scene.play('flaky-function');
      expect(run.status).toBe('Completed');
      expect(run.output).toEqual({ attempt: 2 });
      expect(await attemptsOf(scene, 'body')).toEqual([0, 1, 2]);
    },
  },
  {
    name: 'a run fails with the error of the step that used up its attempts',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.play('exhausted');
      expect(run.status).toBe('Failed');
      // v3 reports every step error as an `Error`.
      const name = scene.stage.configuration.sdk === '4' ? 'TypeError' : 'Error';
      expect(run.output).toMatchObject({ name, message: 'it never works' });
      expect(await scene.recordsNamed('hopeless')).toHaveLength(2);
    },
  },
  {
    name: 'NonRetriableError in a step fails the run without a retry',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.play('non-retriable');
      expect(run.status).toBe('Failed');
      expect(run.output).toMatchObject({ message: 'do not try again' });
      expect(await scene.executed()).toEqual(['once']);
    },
  },
  {
    name: 'NonRetriableError of the function fails the run without a retry',
    play: async (scene) => {
      const run = await scene.play('non-retriable-function');
      expect(run.status).toBe('Failed');
      expect(run.output).toMatchObject({ message: 'do not call again' });
      expect(await scene.executed()).toEqual(['body']);
    },
  },
  {
    // v3 with checkpointing leaves the header out.
    name: 'RetryAfterError delays the retry as long as it says',
    isFor: ({ sdk, isCheckpointing }) => sdk === '4' || !isCheckpointing,
    play: async (scene) => {
      const run = await scene.play('retry-after', { after: '3s' });
      expect(run.status).toBe('Completed');
      expect(run.output).toBe('free');
      const [first, second] = await scene.recordsNamed('busy');
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeWithin(2_900, 8_000);
      expect(await scene.recordsNamed('busy')).toHaveLength(2);
    },
  },
  {
    name: 'a step error that is caught lets the function go on',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.play('caught');
      expect(run.status).toBe('Completed');
      expect(run.output).toMatchObject({ after: 'went on' });
      expect(JSON.stringify(run.output)).toContain('out of range');
      expect(await scene.executed()).toEqual(['fails', 'fails', 'after']);
    },
  },
  {
    name: 'onFailure runs once with the error and the event of the failed run',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.play('failing-with-handler', { word: 'original' });
      expect(run.status).toBe('Failed');
      const mourned = await scene.whenExecuted('mourned');
      expect(mourned.detail).toEqual({
        message: 'all is lost',
        function: 'e2e-failing-with-handler',
        run: run.run_id,
        word: 'original',
      });
      const observed = await scene.whenExecuted('observed');
      expect(observed.detail).toBe(run.run_id);
      expect(await scene.recordsNamed('mourned')).toHaveLength(1);
      expect(await scene.recordsNamed('observed')).toHaveLength(1);
    },
  },
];
