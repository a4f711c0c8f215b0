/** Functions that call functions. */

const outcome = async (promise) => {
  try {
    return { result: await promise };
  } catch (error) {
    return { name: error.name, message: error.message };
  }
};

export const invoking = [
  {
    id: 'callee',
    triggers: [],
    options: { retries: 0 },
    handler: async ({ event, step, ran }) => {
      await step.run('work', () => ran('callee'));
      return { doubled: event.data.number * 2 };
    },
  },
  {
    id: 'failing-callee',
    triggers: [],
    options: { retries: 0 },
    handler: async ({ ran }) => {
      ran('failing callee');
      throw new Error('the callee gave up');
    },
  },
  {
    id: 'sleeping-callee',
    triggers: [],
    handler: async ({ event, step, ran }) => {
      ran('sleeping callee');
      await step.sleep('nap', event.data.for);
      return 'slept';
    },
  },
  {
    id: 'invoke',
    handler: async ({ step, key, functionNamed, ran }) => {
      const answer = await step.invoke('call', {
        function: functionNamed('callee'),
        data: { key, number: 21 },
      });
      await step.run('after', () => ran('after'));
      return answer;
    },
  },
  {
    id: 'invoke-failing',
    handler: async ({ step, key, functionNamed }) =>
      outcome(step.invoke('call', { function: functionNamed('failing-callee'), data: { key } })),
  },
  {
    id: 'invoke-timeout',
    handler: async ({ step, key, functionNamed }) =>
      outcome(
        step.invoke('call', {
          function: functionNamed('sleeping-callee'),
          data: { key, for: '1h' },
          timeout: '1s',
        }),
      ),
  },
  {
    id: 'invoke-unknown',
    options: { retries: 0 },
    handler: async ({ step, sdk, appId }) =>
      outcome(
        step.invoke('call', {
          function: sdk.referenceFunction({ appId, functionId: 'does-not-exist' }),
          data: {},
        }),
      ),
  },
  {
    id: 'invoke-cancelled',
    handler: async ({ step, key, functionNamed }) =>
      outcome(
        step.invoke('call', {
          function: functionNamed('sleeping-callee'),
          data: { key, for: '1h' },
        }),
      ),
  },
  {
    id: 'invoke-slow',
    handler: async ({ step, key, functionNamed, ran }) => {
      await step.run('before', () => ran('before'));
      const answer = await step.invoke('call', {
        function: functionNamed('sleeping-callee'),
        data: { key, for: '4s' },
      });
      await step.run('after', () => ran('after'));
      return answer;
    },
  },
];
