/** Errors, retries and what happens after the last one. */

export const failing = [
  {
    id: 'flaky-step',
    options: { retries: 3 },
    handler: async ({ step, attempt, ran }) => {
      await step.run('before', () => ran('before'));
      const value = await step.run('flaky', () => {
        ran('flaky', attempt);
        if (attempt < 2) throw new Error(`attempt ${attempt} failed`);
        return 'third time lucky';
      });
      await step.run('after', () => ran('after', attempt));
      return value;
    },
  },
  {
    id: 'flaky-function',
    options: { retries: 3 },
    handler: async ({ attempt, ran }) => {
      ran('body', attempt);
      if (attempt < 2) throw new Error(`attempt ${attempt} failed`);
      return { attempt };
    },
  },
  {
    id: 'exhausted',
    options: { retries: 1 },
    handler: async ({ step, ran }) => {
      await step.run('hopeless', () => {
        ran('hopeless');
        throw new TypeError('it never works');
      });
    },
  },
  {
    id: 'non-retriable',
    options: { retries: 3 },
    handler: async ({ sdk, step, ran }) => {
      await step.run('once', () => {
        ran('once');
        throw new sdk.NonRetriableError('do not try again');
      });
    },
  },
  {
    id: 'non-retriable-function',
    options: { retries: 3 },
    handler: async ({ sdk, ran }) => {
      ran('body');
      throw new sdk.NonRetriableError('do not call again');
    },
  },
  {
    id: 'retry-after',
    options: { retries: 2 },
    handler: async ({ sdk, step, attempt, ran, event }) =>
      step.run('busy', () => {
        ran('busy', attempt);
        if (attempt === 0) throw new sdk.RetryAfterError('busy', event.data.after ?? '3s');
        return 'free';
      }),
  },
  {
    id: 'caught',
    options: { retries: 1 },
    handler: async ({ step, ran }) => {
      let message = 'nothing was thrown';
      try {
        await step.run('fails', () => {
          ran('fails');
          throw new RangeError('out of range');
        });
      } catch (error) {
        message = `${error.name}: ${error.message}`;
      }
      const after = await step.run('after', () => {
        ran('after');
        return 'went on';
      });
      return { message, after };
    },
  },
  {
    id: 'failing-with-handler',
    options: { retries: 0 },
    onFailure: async ({ error, event, step, ran }) => {
      await step.run('mourn', () =>
        ran('mourned', {
          message: error.message,
          function: event.data.function_id,
          run: event.data.run_id,
          word: event.data.event.data.word,
        }),
      );
      return 'mourned';
    },
    handler: async ({ ran }) => {
      ran('body');
      throw new Error('all is lost');
    },
  },
  {
    id: 'observer-of-failures',
    triggers: [
      {
        event: 'inngest/function.failed',
        if: "event.data.error.message == 'all is lost'",
      },
    ],
    handler: async ({ event, ran }) => ran('observed', event.data.run_id),
  },
];
