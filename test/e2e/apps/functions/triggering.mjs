/** What starts a run, what keeps it from starting, and what cancels it. */

const together = (id) => ({
  id,
  triggers: [{ event: 'e2e/together' }],
  handler: async ({ step, ran }) => {
    await step.run('work', () => ran(id));
    return id;
  },
});

export const triggering = [
  together('together-a'),
  together('together-b'),
  together('together-c'),
  {
    id: 'wildcard-slash',
    triggers: [{ event: 'e2e-wild/*' }],
    handler: async ({ event, ran }) => ran('slash', event.name),
  },
  {
    id: 'wildcard-dot',
    triggers: [{ event: 'e2e-wild/order.*' }],
    handler: async ({ event, ran }) => ran('dot', event.name),
  },
  {
    id: 'conditional',
    triggers: [{ event: 'e2e/conditional', if: 'event.data.total >= 100' }],
    handler: async ({ event, ran }) => {
      ran('conditional', event.data.total);
      return event.data.total;
    },
  },
  {
    id: 'two-triggers',
    triggers: [{ event: 'e2e/either' }, { event: 'e2e/or' }],
    handler: async ({ event, ran }) => ran('either', event.name),
  },
  {
    id: 'idempotent',
    options: { idempotency: 'event.data.order' },
    handler: async ({ event, ran }) => {
      ran('body', event.data.order);
      return event.data.order;
    },
  },
  {
    id: 'cancel-on',
    options: {
      cancelOn: [
        { event: 'e2e/cancel', if: 'async.data.key == event.data.key && async.data.sure' },
      ],
    },
    handler: async ({ step, ran }) => {
      await step.run('before', () => ran('before'));
      await step.sleep('nap', '1h');
      ran('after');
    },
  },
  {
    id: 'cancel-on-match',
    options: { cancelOn: [{ event: 'e2e/cancel.match', match: 'data.key' }] },
    handler: async ({ step, ran }) => {
      await step.run('before', () => ran('before'));
      await step.waitForEvent('wait', {
        event: 'e2e/never-sent',
        timeout: '1h',
        match: 'data.key',
      });
      ran('after');
    },
  },
  {
    id: 'cancel-on-timeout',
    options: { cancelOn: [{ event: 'e2e/cancel.late', match: 'data.key', timeout: '1s' }] },
    handler: async ({ step, ran }) => {
      await step.sleep('nap', '2s');
      await step.run('past', () => ran('past'));
      await step.waitForEvent('wait', {
        event: 'e2e/cancel.go',
        timeout: '10m',
        match: 'data.key',
      });
      return 'not cancelled';
    },
  },
  {
    id: 'timeout-finish',
    options: { timeouts: { finish: '2s' } },
    handler: async ({ step, ran }) => {
      await step.run('before', () => ran('before'));
      await step.sleep('nap', '1h');
      ran('after');
    },
  },
  {
    id: 'timeout-start',
    options: { timeouts: { start: '2s' }, concurrency: { limit: 1, key: 'event.data.key' } },
    handler: async ({ event, step, key, passage, ran }) => {
      await step.run('held', async () => {
        ran('held', event.data.number);
        await passage(`${key} held`);
      });
      return event.data.number;
    },
  },
  {
    id: 'minutely',
    isCron: true,
    triggers: [{ cron: '* * * * *' }],
    handler: async ({ event, runId, ran }) => {
      ran('minutely', { event: event.name, run: runId });
      return 'ticked';
    },
  },
];
