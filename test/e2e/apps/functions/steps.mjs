/** Steps one after another, and the steps the server performs. */

const mebibyte = 'x'.repeat(1 << 20);

export const steps = [
  {
    id: 'sequential',
    handler: async ({ step, ran }) => {
      const one = await step.run('one', () => {
        ran('one');
        return 1;
      });
      const two = await step.run('two', () => {
        ran('two');
        return one + 1;
      });
      const three = await step.run('three', () => {
        ran('three');
        return { sum: one + two, text: 'naïve ☕', nothing: null };
      });
      return { one, two, three };
    },
  },
  {
    id: 'without-steps',
    handler: ({ event, ran }) => {
      ran('body');
      return { echoed: event.data.value };
    },
  },
  {
    id: 'same-step-id',
    handler: async ({ step, ran }) => {
      const results = [];
      for (const word of ['a', 'b', 'c']) {
        results.push(
          await step.run('again', () => {
            ran(`again ${word}`);
            return word;
          }),
        );
      }
      return results;
    },
  },
  {
    id: 'loop',
    options: { retries: 0 },
    handler: async ({ event, step, ran }) => {
      let last = 0;
      for (let turn = 1; turn <= event.data.turns; turn++) {
        last = await step.run(`turn ${turn}`, () => {
          ran('turn', turn);
          return turn;
        });
      }
      return last;
    },
  },
  {
    id: 'large-state',
    handler: async ({ step, ran }) => {
      const parts = [];
      for (let part = 1; part <= 6; part++) {
        parts.push(
          await step.run(`part ${part}`, () => {
            ran('part', part);
            return `${part}${mebibyte}`;
          }),
        );
      }
      await step.sleep('rest', '1s');
      const total = await step.run('total', () => {
        ran('total');
        return parts.reduce((sum, text) => sum + text.length, 0);
      });
      return { total, heads: parts.map((text) => text[0]).join('') };
    },
  },
  {
    id: 'send-event',
    handler: async ({ event, step, key }) => {
      const sent = await step.sendEvent('tell', [
        { name: 'e2e/told', data: { key, word: 'first', from: event.id } },
        { name: 'e2e/told', data: { key, word: 'second' } },
      ]);
      return sent;
    },
  },
  {
    id: 'told',
    handler: ({ event, ran }) => {
      ran('told', { word: event.data.word, event: event.id });
      return event.data.word;
    },
  },
  {
    id: 'fetch',
    handler: async ({ step, key, provider, ran }) => {
      const answer = await step.fetch(`${provider}/echo?key=${key}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', 'x-test': 'yes' },
        body: JSON.stringify({ key }),
      });
      const missing = await step.fetch(`${provider}/status/404`);
      const seen = await answer.json();
      await step.run('after', () => ran('after'));
      return {
        status: answer.status,
        type: answer.headers.get('content-type'),
        seen,
        missing: missing.status,
      };
    },
  },
  {
    id: 'infer',
    handler: async ({ step, sdk, key, provider }) => {
      const model = sdk.openai({ model: 'gpt-test', apiKey: 'secret-key', baseUrl: provider });
      const answer = await step.ai.infer('ask', {
        model,
        body: { messages: [{ role: 'user', content: key }] },
      });
      return answer.choices[0].message.content;
    },
  },
  {
    id: 'infer-failing',
    options: { retries: 1 },
    handler: async ({ step, sdk, key, provider }) => {
      const model = sdk.openai({
        model: 'gpt-test',
        apiKey: 'secret-key',
        baseUrl: `${provider}/refuse`,
      });
      try {
        await step.ai.infer('ask', {
          model,
          body: { messages: [{ role: 'user', content: key }] },
        });
        return 'answered';
      } catch (error) {
        return `caught ${error.message}`;
      }
    },
  },
];
