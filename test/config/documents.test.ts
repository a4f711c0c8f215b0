/** Documents from their texts to one report, with the real engines. */
import { expect, test } from 'bun:test';
import { createEvaluator } from '../../src/config/cue/cue_evaluator.ts';
import { loadDocuments } from '../../src/config/documents.ts';

const evaluator = createEvaluator({ cacheDir: null });
const load = (...texts: string[]) =>
  loadDocuments(
    texts.map((text, index) => ({ name: `${index}.cue`, text })),
    evaluator,
  );
const body = 'triggers: [{event: "e"}], steps: a: runtime: url: "http://h/a"';

test('that a refused document is not checked any further is said at the end', async () => {
  const loaded = await load(
    `functions: "A B": {${body}}\n`,
    `functions: c: {concurrency: -1, ${body}}\n`,
  );
  if (loaded.ok) throw new Error('both documents are wrong');
  expect(loaded.problems.map(({ source, path }) => [source, path])).toEqual([
    ['0.cue', 'functions["A B"].id'],
    ['1.cue', 'functions.c.concurrency'],
  ]);
  expect(loaded.notes).toEqual([
    'ids, durations, expressions and the order of steps in 1.cue are checked once these problems are solved',
  ]);
}, 60_000);

test('nothing is left to check where every document could be evaluated', async () => {
  const loaded = await load(`functions: "A B": {${body}}\n`);
  expect(loaded).toMatchObject({ ok: false, notes: [] });
}, 60_000);

test('a root field that is ignored for its spelling is warned of, by its place', async () => {
  const loaded = await load(`functions: a: {${body}}\nconfg: log: level: "debug"\n`);
  if (!loaded.ok) throw new Error('the document is accepted');
  expect(loaded.warnings).toEqual([
    {
      source: '0.cue',
      path: 'confg',
      position: { line: 2, column: 1 },
      message: 'the field confg is ignored: did you mean config?',
    },
  ]);
}, 60_000);

test('a document that describes nothing but for a slip is told the slip', async () => {
  const loaded = await load(`functon: {${body}}\n`);
  if (loaded.ok) throw new Error('the document describes nothing');
  expect(loaded.problems).toMatchObject([
    {
      position: { line: 1, column: 1 },
      message: 'the field functon is ignored: did you mean function?',
    },
  ]);
}, 60_000);
