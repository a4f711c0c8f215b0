/** Documents from their texts to one report, with the real engines. */
import { expect, test } from 'bun:test';
import { createEvaluator } from '../../src/config/cue/cue_evaluator.ts';
import { loadDocuments } from '../../src/config/documents.ts';
import { expandEnvironment } from '../../src/config/environment.ts';

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

test('values of the environment are in no message and no path', async () => {
  const written = `functions: a: {name: $KEY, ${body}}\n`;
  const other = `functions: b: {triggers: [{cron: "$LONG"}], steps: "$LONG": runtime: url: "$LONG"}\n`;
  const env = { KEY: 'sk-zebra', LONG: `sk-zebra-"${'x'.repeat(200)}"` };
  const sources = [written, other].map((text, index) => {
    const expanded = expandEnvironment(text, env);
    if (!expanded.ok) throw new Error('a variable is not set');
    return { name: `${index}.cue`, written: text, ...expanded };
  });
  const loaded = await loadDocuments(sources, evaluator);
  if (loaded.ok) throw new Error('both documents are wrong');
  const told = loaded.problems.map(({ path, message }) => `${path}: ${message}`);
  expect(told.join('\n')).not.toMatch(/zebra|"sk"|xxx/);
  expect(told).toContain('functions.a.name: reference "$KEY" not found; text needs quotes: "$KEY"');
  expect(told.length).toBeGreaterThan(3);
}, 60_000);
