import { expect } from 'bun:test';
import type { Scenario } from '../stage.ts';

const isFull = process.env.E2E_FULL === '1';

export const limits: readonly Scenario[] = [
  {
    name: 'a function that plans more than 1000 steps at once fails with the step limit',
    deadlineMs: 90_000,
    play: async (scene) => {
      const run = await scene.play('too-many-branches');
      expect(run.status).toBe('Failed');
      expect(run.output).toMatchObject({
        name: 'InngestErrFunctionOverflowed',
        message: expect.stringContaining('step limit of 1000'),
      });
      expect(await scene.recordsNamed('branch')).toHaveLength(0);
    },
  },
  {
    // Without checkpointing every turn is a call with all results so far: minutes on two cores.
    name: 'a loop of more than 1000 steps fails with the step limit',
    isFor: ({ isCheckpointing }) => isCheckpointing || isFull,
    deadlineMs: 240_000,
    play: async (scene) => {
      const run = await scene.play('loop', { turns: 1_010 }, 230_000);
      expect(run.status).toBe('Failed');
      expect(run.output).toMatchObject({ name: 'InngestErrFunctionOverflowed' });
      const turns = await scene.recordsNamed('turn');
      expect(turns.length).toBeWithin(1_000, 1_010);
      expect(new Set(turns.map((turn) => turn.detail)).size).toBeGreaterThanOrEqual(1_000);
    },
  },
];
