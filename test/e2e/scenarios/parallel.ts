import { expect } from 'bun:test';
import type { Scenario } from '../stage.ts';

function sorted(names: readonly string[]): string[] {
  return [...names].sort();
}

export const parallel: readonly Scenario[] = [
  {
    name: 'Promise.all runs every branch once and joins them',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.play('all');
      expect(run.status).toBe('Completed');
      expect(run.output).toEqual(['before', 'a', 'b', 'c', 'after']);
      const names = await scene.executed();
      expect(names[0]).toBe('before');
      expect(sorted(names.slice(1, 4))).toEqual(['a', 'b', 'c']);
      expect(names.slice(4)).toEqual(['after']);
    },
  },
  {
    name: 'Promise.race settles with the branch that finished first',
    play: async (scene) => {
      const run = await scene.start('race');
      await scene.whenExecuted('quick');
      await scene.openGate('slow');
      const ended = await scene.ended(run);
      expect(ended.status).toBe('Completed');
      expect(ended.output).toEqual({ winner: 'quick', after: 'after quick' });
      await scene.whenExecuted('slow');
      expect(sorted(await scene.executed())).toEqual(['after', 'quick', 'slow']);
    },
  },
  {
    // The SDK ends a function only when the branches that lost have ended too.
    name: 'race mode goes on to the next step without waiting for the slow branch',
    isFor: ({ sdk }) => sdk === '4',
    play: async (scene) => {
      const run = await scene.start('race-mode');
      await scene.whenExecuted('after');
      await scene.openGate('slow');
      const ended = await scene.ended(run);
      expect(ended.status).toBe('Completed');
      expect(ended.output).toBe('quick');
      expect(await scene.executed()).toEqual(['quick', 'after', 'slow']);
    },
  },
  {
    name: 'nested parallel branches each run once and keep their order',
    play: async (scene) => {
      const run = await scene.play('nested');
      expect(run.status).toBe('Completed');
      expect(run.output).toEqual({
        a: ['a first', 'a left', 'a right', 'a last'],
        b: ['b first', 'b left', 'b right', 'b last'],
      });
      const names = await scene.executed();
      expect(names).toHaveLength(9);
      expect(new Set(names).size).toBe(9);
      expect(names.at(-1)).toBe('end');
      for (const letter of ['a', 'b']) {
        const own = names.filter((name) => name.startsWith(letter));
        expect(own[0]).toBe(`${letter} first`);
        expect(own.at(-1)).toBe(`${letter} last`);
      }
    },
  },
  {
    name: 'a sleep, a wait and two steps side by side each happen once',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.start('mixed');
      await scene.whenExecuted('value');
      await scene.whenExecuted('other');
      await scene.whenParked(run).catch(() => undefined);
      await scene.client.send(scene.event('mixed.go', { word: 'go' }));
      const ended = await scene.ended(run);
      expect(ended.status).toBe('Completed');
      expect(ended.output).toEqual({ slept: 'slept', word: 'go', value: 7, invoked: 8 });
      expect(sorted(await scene.executed())).toEqual(['after', 'other', 'value']);
    },
  },
  {
    name: 'branches fail and retry each on its own',
    play: async (scene) => {
      const run = await scene.play('parallel-failing');
      expect(run.status).toBe('Completed');
      expect(run.output).toEqual(['good', 'flaky', 'bad failed']);
      expect(await scene.recordsNamed('good')).toHaveLength(1);
      const attempts = async (name: string) =>
        (await scene.recordsNamed(name)).map((record) => record.detail);
      expect(await attempts('flaky')).toEqual([0, 1]);
      expect(await attempts('bad')).toEqual([0, 1]);
    },
  },
  {
    name: 'a fan-out of 100 branches runs every branch exactly once',
    isSmoke: true,
    deadlineMs: 120_000,
    play: async (scene) => {
      const run = await scene.play('fan-out', { width: 100 }, 110_000);
      expect(run.status).toBe('Completed');
      expect(run.output).toBe(4950);
      const branches = (await scene.records()).map((record) => record.detail);
      expect(branches).toHaveLength(100);
      expect(new Set(branches).size).toBe(100);
    },
  },
];
