/** What documents and engines can do to the server: nothing. And what the evaluator does not do twice. */
import { describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createEvaluator,
  type EvaluatorParts,
  type Explainer,
} from '../../../src/config/cue/cue_evaluator.ts';
import type { Evaluation } from '../../../src/config/source.ts';
import { pathText } from '../../../src/config/value_path.ts';
import { problemText } from './problem_text.ts';

/** Of an engine that starts while others use the machine. */
const engineMs = 60_000;
const workerUrl = new URL('../../../src/config/cue/cue_worker.ts', import.meta.url);
const noExplainer = { explain: async () => [], locate: async () => [] };

const good = '{"id": "a", "name": "A", "triggers": [{"event": "e"}]}';
const fiveDeep = `
let r = [for i, _ in 40 * [0] {i}]
config: {}
x: [for a in r for b in r for c in r for d in r for e in r {a + b + c + d + e}]
`;
const stringBomb = 'import "strings"\nconfig: {}\nx: strings.Repeat("abcdefghij", 100_000_000)\n';
const doubling = Array.from({ length: 40 }, (_, i) => `a${i + 1}: {x: a${i}, y: a${i}}`);
const structBomb = `config: {}\na0: {x: 1}\n${doubling.join('\n')}\n`;

function counted(parts: Partial<EvaluatorParts> = {}) {
  const workers: Worker[] = [];
  const startWorker = () => {
    const worker = new Worker(workerUrl, { smol: true });
    workers.push(worker);
    return worker;
  };
  const evaluator = createEvaluator({
    cacheDir: null,
    explainer: noExplainer,
    startWorker,
    ...parts,
  });
  return { evaluator, workers };
}

const named = (texts: readonly string[]) =>
  texts.map((text, index) => ({ name: `${index}`, text }));
const saidOf = (evaluations: readonly Evaluation[]) =>
  evaluations.map((one) => (one.ok ? 'accepted' : one.problems.map(problemText).join()));

/** The longest time for which nothing else could run while `task` did. */
async function pauseOf(task: Promise<unknown>): Promise<number> {
  let longestMs = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
  }, 5);
  await task;
  clearInterval(timer);
  return longestMs;
}

describe('a document that takes too much', () => {
  test.each([
    ['time in loops', fiveDeep, 'takes longer than 1.5 s'],
    ['memory in a text', stringBomb, 'takes more than 128 MiB of memory'],
    ['memory in structs', structBomb, 'takes '],
    ['depth', `x: ${'['.repeat(50_000)}${']'.repeat(50_000)}`, 'nested too deeply'],
  ])(
    '%s is refused; the others and the server go on',
    async (_, text, message) => {
      const limits = { wallMs: 1_500, memoryBytes: 128 * 1024 * 1024 };
      const { evaluator, workers } = counted({ limits });
      const round = evaluator.evaluate(named([good, text, `${good}\n`]));
      const pauseMs = await pauseOf(round);
      expect(saidOf(await round)).toEqual([
        'accepted',
        expect.stringContaining(message),
        'accepted',
      ]);
      expect(workers.length).toBe(2);
      expect(pauseMs).toBeLessThan(1_000);
    },
    engineMs,
  );
});

describe('an engine that fails', () => {
  test(
    'is told about clearly, and the next round has another one',
    async () => {
      const programs = ['throw new Error("no memory left")', null];
      const { evaluator } = counted({
        startWorker: () => {
          const code = programs.shift();
          if (!code) return new Worker(workerUrl, { smol: true });
          return new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
        },
      });
      const said = saidOf(await evaluator.evaluate(named([good])));
      expect(said).toEqual([expect.stringMatching(/CUE's engine .*no memory left.*try again/)]);
      expect(saidOf(await evaluator.evaluate(named([good])))).toEqual(['accepted']);
    },
    engineMs,
  );

  test(
    'leaves what it refused without an explanation, and says so',
    async () => {
      const warnings: string[] = [];
      const { evaluator } = counted({
        warn: (message) => warnings.push(message),
        explainer: { ...noExplainer, explain: () => Promise.reject(new Error('no room')) },
      });
      const said = saidOf(await evaluator.evaluate(named(['function: id: 7'])));
      expect(said[0]).toStartWith('function.id - conflicting values');
      expect(warnings).toEqual([expect.stringContaining('no room')]);
    },
    engineMs,
  );
});

describe('an explanation that is none', () => {
  test(
    'gives way to what the engine said',
    async () => {
      const vague = { path: '', message: 'explaining takes too long', positions: [] };
      const explain = async () => [[vague]];
      const { evaluator } = counted({ explainer: { ...noExplainer, explain } });
      const said = saidOf(await evaluator.evaluate(named(['function: id: 7'])));
      expect(said[0]).toStartWith('function.id - conflicting values');
    },
    engineMs,
  );
});

describe('a round that is given up', () => {
  test(
    'ends its thread at once, and the next one works',
    async () => {
      const { evaluator, workers } = counted();
      const abort = new AbortController();
      const round = evaluator.evaluate(named([fiveDeep]), abort.signal);
      const next = evaluator.evaluate(named([good]));
      await new Promise((resolve) => setImmediate(resolve));
      expect(workers).toHaveLength(1);
      abort.abort(new Error('stopping'));
      await expect(round).rejects.toThrow('stopping');
      expect(saidOf(await next)).toEqual(['accepted']);
      expect(workers).toHaveLength(2);
    },
    engineMs,
  );

  test('does not begin when it is given up before', async () => {
    const { evaluator, workers } = counted();
    const round = evaluator.evaluate(named([good]), AbortSignal.abort(new Error('stopping')));
    await expect(round).rejects.toThrow('stopping');
    expect(workers).toHaveLength(0);
  });
});

describe('a document that is known', () => {
  test(
    'is not evaluated again, not by another evaluator either',
    async () => {
      const cacheDir = await mkdtemp(join(tmpdir(), 'documents-'));
      try {
        const first = counted({ cacheDir });
        const evaluated = await first.evaluator.evaluate(named([good, 'function: id: 7']));
        expect(saidOf(evaluated)).toEqual(['accepted', expect.stringContaining('function.id')]);
        const second = counted({ cacheDir });
        expect(await second.evaluator.evaluate(named([good]))).toEqual(evaluated.slice(0, 1));
        expect(second.workers).toHaveLength(0);
        expect(saidOf(await second.evaluator.evaluate(named([good, `${good}\n`])))).toHaveLength(2);
        expect(second.workers).toHaveLength(1);
      } finally {
        await rm(cacheDir, { recursive: true, force: true });
      }
    },
    engineMs,
  );

  test('needs no engine when there are no documents', async () => {
    const { evaluator, workers } = counted();
    expect(await evaluator.evaluate([])).toEqual([]);
    expect(workers).toHaveLength(0);
  });
});

describe('places of values', () => {
  test(
    'are found in the document as it was written',
    async () => {
      const evaluator = createEvaluator({ cacheDir: null });
      const written = '{"id": "$A", "name": "A", "triggers": [{"event": "e"}]}';
      const text = written.replace('$A', 'longer');
      const insertions = [{ writtenStart: 8, writtenLength: 2, textStart: 8, textLength: 6 }];
      const source = { name: 'x', text, written, insertions };
      const paths = [
        ['function', 'triggers', 0, 'event'],
        ['function', 'id'],
      ];
      const [places] = await evaluator.locate([{ source, paths }]);
      expect(places).toEqual([
        { line: 1, column: 50 },
        { line: 1, column: 8 },
      ]);
    },
    engineMs,
  );

  const here = { line: 1, column: 2 };

  /** An evaluator that notes what its engine is asked for. */
  function watched(cacheDir: string | null, answer: Explainer['locate'] | null = null) {
    const asked: string[][] = [];
    const locate: Explainer['locate'] = async (requests, ...rest) => {
      asked.push(requests.map(({ paths }) => paths.map(pathText).join()));
      if (answer) return answer(requests, ...rest);
      return requests.map(({ paths }) => paths.map((path) => (path[0] === 'x' ? null : here)));
    };
    const { evaluator } = counted({ cacheDir, explainer: { ...noExplainer, locate } });
    return { evaluator, asked };
  }

  const request = (text: string, ...paths: string[]) => ({
    source: { name: text, text },
    paths: paths.map((path) => [path]),
  });

  test(
    'are asked of one engine for all documents, and of none for those that are known',
    async () => {
      const cacheDir = await mkdtemp(join(tmpdir(), 'documents-'));
      try {
        const first = watched(cacheDir);
        await first.evaluator.evaluate(named([good, `${good}\n`]));
        const requests = [request(good, 'a', 'x'), request(`${good}\n`, 'b')];
        expect(await first.evaluator.locate(requests)).toEqual([[here, null], [here]]);
        expect(first.asked).toEqual([['a,x', 'b']]);
        const second = watched(cacheDir);
        expect(await second.evaluator.locate(requests)).toEqual([[here, null], [here]]);
        expect(second.asked).toEqual([]);
        await second.evaluator.locate([request(good, 'x', 'c', 'a'), request(`${good}\n`, 'b')]);
        expect(second.asked).toEqual([['c']]);
      } finally {
        await rm(cacheDir, { recursive: true, force: true });
      }
    },
    engineMs,
  );

  test(
    'that could not be looked for are looked for again',
    async () => {
      const cacheDir = await mkdtemp(join(tmpdir(), 'documents-'));
      try {
        const { evaluator, asked } = watched(cacheDir, async (requests) =>
          requests.map(() => null),
        );
        await evaluator.evaluate(named([good]));
        for (let turn = 0; turn < 2; turn += 1) {
          expect(await evaluator.locate([request(good, 'a')])).toEqual([[null]]);
        }
        expect(asked).toHaveLength(2);
      } finally {
        await rm(cacheDir, { recursive: true, force: true });
      }
    },
    engineMs,
  );

  test(
    'are not waited for when nobody wants them any longer',
    async () => {
      const abort = new AbortController();
      const evaluator = createEvaluator({ cacheDir: null });
      const located = evaluator.locate([request(good, 'function')], abort.signal);
      await new Promise((resolve) => setImmediate(resolve));
      abort.abort(new Error('stopping'));
      await expect(located).rejects.toThrow('stopping');
    },
    engineMs,
  );
});
