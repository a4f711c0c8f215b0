/** Documents through the real engines: which are accepted, with which values, and what is said about the others. */
import { describe, expect, test } from 'bun:test';
import { createEvaluator, type EvaluatorParts } from '../../../src/config/cue/cue_evaluator.ts';
import type { Source } from '../../../src/config/source.ts';
import { invalidDocuments } from './invalid_documents.ts';
import { problemText } from './problem_text.ts';

/** Of an engine that starts while others use the machine. */
const engineMs = 60_000;
const example = (name: string) => Bun.file(new URL(`./documents/${name}`, import.meta.url)).text();

/** What a test needs when it is about values, not about what is said of errors. */
const noExplainer = { explain: async () => [], locate: async () => [] };

/** Values of the accepted texts, problems in one line each of the others. */
async function evaluate(texts: readonly string[], parts: Partial<EvaluatorParts> = {}) {
  const evaluator = createEvaluator({ cacheDir: null, ...parts });
  const sources = texts.map((text, index): Source => ({ name: `${index}.cue`, text }));
  const evaluations = await evaluator.evaluate(sources);
  return evaluations.map((one) => (one.ok ? one.value : one.problems.map(problemText)));
}

const go = (url: string) => ({ id: 'go', name: '', path: '', runtime: { type: 'http', url } });

describe('documents that are accepted', () => {
  test(
    'have the values that CUE gives them, with the defaults of the schema',
    async () => {
      const names = ['minimal.cue', 'many_functions.cue', 'bare_object.cue', 'json_form.json'];
      const texts = await Promise.all(names.map(example));
      const only = { id: 'only', name: '', path: '' };
      const runtime = { type: 'http', url: 'http://127.0.0.1:9000/only' };
      expect(await evaluate(texts)).toEqual([
        {
          function: {
            id: 'welcome-mail',
            name: 'Send the welcome mail',
            triggers: [{ event: 'shop/customer.created' }],
            steps: {
              'send-mail': {
                id: 'send-mail',
                name: 'Send mail',
                path: '',
                runtime: { type: 'http', url: 'http://127.0.0.1:9000/steps/send-mail' },
              },
            },
          },
        },
        {
          functions: {
            'a-daily': {
              id: 'a-daily',
              name: 'a-daily',
              triggers: [{ cron: '0 0 * * *' }],
              steps: { go: go('http://127.0.0.1:9000/a') },
            },
            'b-event': {
              id: 'b-event',
              name: 'b-event',
              triggers: [{ event: 'b/x' }],
              steps: { go: go('http://127.0.0.1:9000/b') },
            },
          },
        },
        {
          function: {
            id: 'bare',
            name: 'Bare object, no package, no import',
            triggers: [{ cron: '0 6 * * 1-5' }],
            steps: { only: { ...only, runtime } },
          },
        },
        {
          function: {
            id: 'from-json',
            name: 'The JSON form',
            triggers: [{ event: 'shop/order.placed' }],
            steps: { only: { ...only, runtime, after: [{ step: '$trigger', wait: '10m' }] } },
          },
        },
      ]);
    },
    engineMs,
  );

  test(
    'may use all that the schema has, conditions, loops, and the packages of CUE',
    async () => {
      const names = ['branches', 'waits', 'event_waits', 'cron_and_flow', 'templating'];
      const texts = await Promise.all(names.map((name) => example(`${name}.cue`)));
      const [branches, waits, eventWaits, flow, templating] = await evaluate(texts);
      expect(branches).toMatchObject({
        function: {
          concurrency: 5,
          steps: {
            score: {
              runtime: { url: 'http://127.0.0.1:9000/steps/score' },
              retries: { attempts: 5 },
            },
            hold: { after: [{ step: 'score', if: 'response.body.score >= 40' }] },
            audit: { after: [{ step: 'approve' }, { step: 'hold' }] },
          },
        },
      });
      expect(waits).toMatchObject({
        function: { steps: { 'day-three': { after: [{ step: '$trigger', wait: '3d' }] } } },
      });
      const async = { event: 'shop/order.placed', ttl: '2h', onTimeout: true };
      expect(eventWaits).toMatchObject({
        function: { steps: { nudge: { after: [{ step: 'snapshot', async }] } } },
      });
      expect(flow).toMatchObject({
        function: {
          triggers: [
            { cron: '*/15 * * * *', jitter: '30s' },
            {
              event: 'stock/changed',
              definition: { format: 'cue', def: { data: { qty: 'int' } } },
            },
          ],
          throttle: { key: 'event.data.sku', count: 10, period: '1m' },
          cancel: [{ event: 'stock/sync.cancelled', timeout: '2h' }],
          steps: { pull: { version: { major: 1, minor: 2 }, retries: { attempts: 0 } } },
        },
      });
      expect(templating).toMatchObject({
        function: {
          name: 'Push prices to eu, us, ap',
          steps: {
            'push-ap': { name: 'Push to ap', after: [{ if: "'ap' in steps.load.body.regions" }] },
          },
        },
      });
    },
    engineMs,
  );

  test(
    'may be configurations',
    async () => {
      const bare = '{"log": {"level": "warn"}}';
      const [full, short] = await evaluate([await example('service_config.cue'), bare]);
      expect(full).toMatchObject({
        config: {
          log: { level: 'debug', format: 'json' },
          eventAPI: { addr: '0.0.0.0', port: 9288, maxSize: 1_048_576 },
          state: { service: { backend: 'inmemory' } },
        },
      });
      expect(short).toMatchObject({
        config: { log: { level: 'warn', format: 'json' }, coreAPI: { port: 8300 } },
      });
    },
    engineMs,
  );

  test(
    'hold no more than the three roots, whatever else they say',
    async () => {
      const fields = 'id: "a", name: "A", triggers: [{event: "e"}]';
      const value = { id: 'a', name: 'A', triggers: [{ event: 'e' }] };
      const values = await evaluate([
        // Helpers of all kinds, among them some with the names of CUE's types.
        `_hidden: 1\n#Base: {url: string}\nhelper: [1]\nstring: "s", int: 1\nuint: 2\nfunction: {${fields}}`,
        `function: {${fields}}\nconfig: log: level: "warn"`,
        `import "inngest.com/defs/v1"\nfunction: v1.#Function & {${fields}}`,
        `import "inngest.com/defs/v1:v1", function: v1.#Function & {${fields}}`,
        `import (\n"strings"\n_d "inngest.com/defs/v1"\n)\nfunction: _d.#Function & {${fields}, idempotency: strings.ToLower("E")}`,
        `_inngest0_v1: 1\nfunction: {${fields}}`,
        `if true {function: {${fields}}}`,
        `\uFEFF{\r\n  "id": "a",\r\n  "name": "A",\r\n  "triggers": [{"event": "e"}]\r\n}\r\n`,
        '{"id": "a", "name": "\\ud83d\\ude00\\/", "triggers": []}',
      ]);
      expect(values[0]).toEqual({ function: value });
      expect(values[1]).toMatchObject({ function: value, config: { log: { level: 'warn' } } });
      expect(values[2]).toEqual({ function: value });
      expect(values[3]).toEqual({ function: value });
      expect(values[4]).toEqual({ function: { ...value, idempotency: 'e' } });
      expect(values[5]).toEqual({ function: value });
      expect(values[6]).toEqual({ function: value });
      expect(values[7]).toEqual({ function: value });
      expect(values[8]).toMatchObject({ function: { name: '\u{1F600}/' } });
    },
    engineMs,
  );
});

describe('documents that are refused', () => {
  test(
    'are refused with what is wrong and where, each row of the reference',
    async () => {
      const said = await evaluate(invalidDocuments.map(([, text]) => text));
      for (const [index, [what, , problem]] of invalidDocuments.entries()) {
        const problems = said[index];
        expect(problems, what).toBeArray();
        expect([what, problems]).toEqual([
          what,
          expect.arrayContaining([expect.stringMatching(new RegExp(`^${RegExp.escape(problem)}`))]),
        ]);
      }
      expect(JSON.stringify(said)).not.toMatch(/inngest\d|cue\.mod|overlay|document\.cue|__/);
    },
    3 * engineMs,
  );

  test(
    'are refused when nothing explains why',
    async () => {
      const said = await evaluate(
        invalidDocuments.map(([, text]) => text),
        { explainer: noExplainer },
      );
      for (const [index, [what]] of invalidDocuments.entries()) {
        expect(said[index], what).toBeArrayOfSize(1);
      }
      expect(JSON.stringify(said)).not.toMatch(/inngest\d|cue\.mod|__/);
    },
    engineMs,
  );

  test(
    'are held to the schema whether they say so or not',
    async () => {
      const said = await evaluate(
        [
          'function: {id: "a", name: "A", retires: 3}',
          'functions: x: {id: "y"}',
          'config: logs: 1',
          '{"id": "a", "name": "A", "triggers": [{"event": "e", "cron": "c"}]}',
          '{"functions": {"x": {"name": 1}}}',
          'if true {function: {id: "a", name: 1}}',
        ],
        { explainer: noExplainer },
      );
      expect(said).toEqual([
        ['function - field not allowed: retires'],
        ['functions.x.id - conflicting values "x" and "y"'],
        ['config - field not allowed: logs'],
        ['function.triggers[0] - 2 errors in empty disjunction'],
        [expect.stringContaining('functions.x.name - ')],
        [expect.stringContaining('function.name - conflicting values')],
      ]);
    },
    engineMs,
  );

  test(
    'are told what a document is when they describe nothing',
    async () => {
      const nothing = await evaluate(['x: 1', '', '{}', '{"port": 8288}', '[]', '// nothing']);
      for (const problems of nothing.slice(0, 4)) {
        expect(problems).toEqual([
          expect.stringContaining('needs a field `function`, `functions`'),
        ]);
      }
      for (const problems of nothing.slice(4)) expect(problems).toBeArray();
    },
    engineMs,
  );

  test('are refused for their size and their number without an engine', async () => {
    const startWorker = () => {
      throw new Error('not to be started');
    };
    const [large] = await evaluate([`// ${'ö'.repeat(600_000)}`], { startWorker });
    expect(large).toEqual([expect.stringContaining('larger than 1 MiB')]);
    const many = await evaluate(Array(201).fill('import "inngest.com/defs/v1"'), {
      startWorker,
      explainer: noExplainer,
    });
    expect(many[200]).toEqual([expect.stringContaining('at most 200')]);
  });

  test(
    'have places in terms of what was written, and no values of the environment',
    async () => {
      const written = '{"id": "$SECRET", "name": 5}';
      const text = '{"id": "hunter2hunter2", "name": 5}';
      const insertions = [{ writtenStart: 8, writtenLength: 7, textStart: 8, textLength: 14 }];
      const evaluator = createEvaluator({ cacheDir: null });
      const [one] = await evaluator.evaluate([{ name: 'x', text, written, insertions }]);
      const said = one?.ok === false ? one.problems.map(problemText) : [];
      expect(said).toEqual([expect.stringContaining('function.name 1:27 ')]);
    },
    engineMs,
  );
});
