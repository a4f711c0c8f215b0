/** Time, events and signals. */

export const waiting = [
  {
    id: 'sleep',
    handler: async ({ event, step, ran }) => {
      await step.run('before', () => ran('before'));
      await step.sleep('nap', event.data.for ?? '1s');
      await step.run('after', () => ran('after'));
      return 'awake';
    },
  },
  {
    id: 'sleep-until',
    handler: async ({ event, step, ran }) => {
      await step.run('before', () => ran('before'));
      await step.sleepUntil('until', new Date(event.data.until));
      await step.run('after', () => ran('after'));
      return 'awake';
    },
  },
  {
    id: 'wait-event',
    handler: async ({ step, ran }) => {
      await step.run('before', () => ran('before'));
      const found = await step.waitForEvent('wait', {
        event: 'e2e/approved',
        timeout: '10m',
        match: 'data.key',
      });
      await step.run('after', () => ran('after'));
      return { name: found?.name ?? null, data: found?.data ?? null };
    },
  },
  {
    id: 'wait-event-if',
    handler: async ({ step, ran }) => {
      await step.run('before', () => ran('before'));
      const found = await step.waitForEvent('wait', {
        event: 'e2e/priced',
        timeout: '10m',
        if: 'async.data.key == event.data.key && async.data.amount > 10',
      });
      await step.run('after', () => ran('after'));
      return found?.data.amount ?? null;
    },
  },
  {
    id: 'wait-event-timeout',
    handler: async ({ step, ran }) => {
      const found = await step.waitForEvent('wait', {
        event: 'e2e/never-sent',
        timeout: '1s',
        match: 'data.key',
      });
      await step.run('after', () => ran('after'));
      return { found };
    },
  },
  {
    id: 'wait-signal',
    handler: async ({ event, step, key, ran }) => {
      await step.run('before', () => ran('before'));
      const signal = await step.waitForSignal('wait', {
        signal: `signal ${key}`,
        timeout: event.data.timeout ?? '10m',
        onConflict: event.data.onConflict ?? 'fail',
      });
      await step.run('after', () => ran('after'));
      return { signal };
    },
  },
  {
    id: 'send-signal',
    handler: async ({ event, step, key }) => {
      await step.sendSignal('tell', { signal: `signal ${key}`, data: { word: event.data.word } });
      return 'sent';
    },
  },
  {
    id: 'gated',
    options: { retries: 1 },
    handler: async ({ step, key, passage, ran }) => {
      await step.run('before', () => ran('before'));
      return await step.run('held', async () => {
        ran('held');
        await passage(`${key} held`);
        ran('released');
        return 'through';
      });
    },
  },
];
