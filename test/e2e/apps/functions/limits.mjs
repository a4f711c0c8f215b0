/** Runs that are too big, and functions that go away. */

export const limits = [
  {
    id: 'too-many-branches',
    options: { retries: 0 },
    handler: async ({ step, ran }) => {
      ran('body');
      const all = Array.from({ length: 1001 }, (_, index) =>
        step.run(`branch ${index}`, () => ran('branch', index)),
      );
      await Promise.all(all);
    },
  },
  {
    id: 'removable',
    handler: async ({ step, ran }) => {
      await step.run('before', () => ran('before'));
      await step.waitForEvent('wait', {
        event: 'e2e/removable.go',
        timeout: '10m',
        match: 'data.key',
      });
      await step.run('after', () => ran('after'));
      return 'went on';
    },
  },
];
