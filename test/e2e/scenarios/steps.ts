import { expect } from 'bun:test';
import type { Scenario } from '../stage.ts';

export const steps: readonly Scenario[] = [
  {
    name: 'steps run in order, each once, and their results come back unchanged',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.play('sequential');
      expect(run.status).toBe('Completed');
      expect(run.output).toEqual({
        one: 1,
        two: 2,
        three: { sum: 3, text: 'naïve ☕', nothing: null },
      });
      expect(run.ended_at).toBeString();
      expect(await scene.executed()).toEqual(['one', 'two', 'three']);
    },
  },
  {
    name: 'a function without steps completes in one call',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.play('without-steps', { value: { deep: [1, 'two', null] } });
      expect(run.status).toBe('Completed');
      expect(run.output).toEqual({ echoed: { deep: [1, 'two', null] } });
      expect(await scene.executed()).toEqual(['body']);
    },
  },
  {
    name: 'a step id used three times is three steps',
    play: async (scene) => {
      const run = await scene.play('same-step-id');
      expect(run.output).toEqual(['a', 'b', 'c']);
      expect(await scene.executed()).toEqual(['again a', 'again b', 'again c']);
    },
  },
  {
    name: 'a loop of 200 steps executes each turn once and in order',
    deadlineMs: 120_000,
    play: async (scene) => {
      const run = await scene.play('loop', { turns: 200 }, 110_000);
      expect(run.status).toBe('Completed');
      expect(run.output).toBe(200);
      const turns = (await scene.records()).map((record) => record.detail);
      expect(turns).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    },
  },
  {
    name: 'state of more than 4 MiB is fetched by the app and no step runs twice',
    deadlineMs: 90_000,
    play: async (scene) => {
      const run = await scene.play('large-state');
      expect(run.status).toBe('Completed');
      expect(run.output).toEqual({ total: 6 * ((1 << 20) + 1), heads: '123456' });
      const names = await scene.executed();
      expect(names.filter((name) => name === 'part')).toHaveLength(6);
      expect(names.filter((name) => name === 'total')).toHaveLength(1);
    },
  },
  {
    name: 'step.sendEvent starts runs and returns their event ids in order',
    isSmoke: true,
    play: async (scene) => {
      const run = await scene.play('send-event');
      expect(run.status).toBe('Completed');
      const { ids } = run.output as { ids: string[] };
      expect(ids).toHaveLength(2);
      const words: unknown[] = [];
      for (const id of ids) {
        const [told] = await scene.runsOf(id, 1);
        if (!told) throw new Error('the sent event started no run');
        words.push((await scene.ended(told)).output);
      }
      expect(words).toEqual(['first', 'second']);
      expect(await scene.recordsNamed('told')).toHaveLength(2);
    },
  },
  {
    name: 'step.fetch is performed by the server and any status is an answer',
    play: async (scene) => {
      const run = await scene.play('fetch');
      expect(run.status).toBe('Completed');
      expect(run.output).toEqual({
        status: 200,
        type: expect.stringContaining('application/json'),
        seen: { method: 'PUT', body: JSON.stringify({ key: scene.key }), test: 'yes' },
        missing: 404,
      });
      expect(scene.stage.provider.callsWith(scene.key)).toHaveLength(1);
      expect(await scene.executed()).toEqual(['after']);
    },
  },
  {
    name: 'step.ai.infer is performed by the server with the key of the provider',
    play: async (scene) => {
      const run = await scene.play('infer');
      expect(run.status).toBe('Completed');
      expect(run.output).toBe('hello from the model');
      const calls = scene.stage.provider.callsWith(scene.key);
      expect(calls).toHaveLength(1);
      expect(calls[0]?.headers.authorization).toBe('Bearer secret-key');
      expect(await scene.stage.server.logs()).not.toContain('secret-key');
    },
  },
  {
    name: 'a model that refuses is asked again and then caught by the function',
    play: async (scene) => {
      const run = await scene.play('infer-failing');
      expect(run.status).toBe('Completed');
      expect(run.output).toContain('caught');
      expect(run.output).toContain('429');
      expect(scene.stage.provider.callsWith(scene.key)).toHaveLength(2);
    },
  },
];
