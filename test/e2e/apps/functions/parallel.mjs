/** Steps side by side. */

export const parallel = [
  {
    id: 'all',
    handler: async ({ step, ran }) => {
      const branch = (name) =>
        step.run(name, () => {
          ran(name);
          return name;
        });
      const before = await branch('before');
      const [a, b, c] = await Promise.all([branch('a'), branch('b'), branch('c')]);
      const after = await branch('after');
      return [before, a, b, c, after];
    },
  },
  {
    id: 'race',
    handler: async ({ step, ran, key, passage }) => {
      const winner = await Promise.race([
        step.run('slow', async () => {
          await passage(`${key} slow`);
          ran('slow');
          return 'slow';
        }),
        step.run('quick', () => {
          ran('quick');
          return 'quick';
        }),
      ]);
      const after = await step.run('after', () => {
        ran('after');
        return `after ${winner}`;
      });
      return { winner, after };
    },
  },
  {
    id: 'race-mode',
    sdk: '4',
    handler: async ({ step, group, ran, key, passage }) => {
      const winner = await group.parallel({ mode: 'race' }, () =>
        Promise.race([
          step.run('slow', async () => {
            await passage(`${key} slow`);
            ran('slow');
            return 'slow';
          }),
          step.run('quick', () => {
            ran('quick');
            return 'quick';
          }),
        ]),
      );
      await step.run('after', () => ran('after'));
      return winner;
    },
  },
  {
    id: 'nested',
    handler: async ({ step, ran }) => {
      const part = (name) =>
        step.run(name, () => {
          ran(name);
          return name;
        });
      const chain = async (letter) => {
        const first = await part(`${letter} first`);
        const both = await Promise.all([part(`${letter} left`), part(`${letter} right`)]);
        const last = await part(`${letter} last`);
        return [first, ...both, last];
      };
      const [a, b] = await Promise.all([chain('a'), chain('b')]);
      await part('end');
      return { a, b };
    },
  },
  {
    id: 'mixed',
    handler: async ({ step, ran, key }) => {
      const [slept, event, value, invoked] = await Promise.all([
        step.sleep('nap', '1s').then(() => 'slept'),
        step.waitForEvent('wait', {
          event: 'e2e/mixed.go',
          timeout: '60s',
          if: `async.data.key == '${key}'`,
        }),
        step.run('value', () => {
          ran('value');
          return 7;
        }),
        step.run('other', () => {
          ran('other');
          return 8;
        }),
      ]);
      await step.run('after', () => ran('after'));
      return { slept, word: event?.data.word ?? null, value, invoked };
    },
  },
  {
    id: 'parallel-failing',
    options: { retries: 1 },
    handler: async ({ step, ran, attempt }) => {
      const results = await Promise.allSettled([
        step.run('good', () => {
          ran('good');
          return 'good';
        }),
        step.run('flaky', () => {
          ran('flaky', attempt);
          if (attempt === 0) throw new Error('flaky failed');
          return 'flaky';
        }),
        step.run('bad', () => {
          ran('bad', attempt);
          throw new Error('bad failed');
        }),
      ]);
      return results.map((result) =>
        result.status === 'fulfilled' ? result.value : result.reason.message,
      );
    },
  },
  {
    id: 'fan-out',
    handler: async ({ event, step, ran }) => {
      const all = Array.from({ length: event.data.width }, (_, index) =>
        step.run(`branch ${index}`, () => {
          ran('branch', index);
          return index;
        }),
      );
      const results = await Promise.all(all);
      return results.reduce((sum, value) => sum + value, 0);
    },
  },
];
