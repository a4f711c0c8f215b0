/** Names of a document that are those of the schema, or of what is put behind a document: both engines agree on them. */
import { expect, test } from 'bun:test';
import { createEvaluator } from '../../../src/config/cue/cue_evaluator.ts';

const schema = 'inngest.com/defs/v1';
const fields = 'triggers: [{event: "e"}]';

async function answers(texts: readonly string[]) {
  const evaluator = createEvaluator({ cacheDir: null });
  const sources = texts.map((text, index) => ({ name: `${index}.cue`, text }));
  const evaluations = await evaluator.evaluate(sources);
  return evaluations.map((one) => (one.ok ? one.value : one.problems[0]?.message));
}

test('names and patterns at the root have nothing to do with ours', async () => {
  const imported = `import defs "${schema}"\nfunction: defs.#Function & {id: "a", name: "n", ${fields}}\n`;
  const accepted = await answers([
    `ID: "zz"\nfunctions: a: {name: ID, ${fields}}\n`,
    `Runtime: "zz"\nfunctions: a: {name: Runtime, ${fields}}\nconfig: {}\n`,
    `${imported}[string]: {name: string}\n`,
    `${imported}[=~"^d"]: {x: int}\n`,
    `${imported}q: {defs: 3, z: defs}\n`,
  ]);
  expect(accepted).toMatchObject([
    { functions: { a: { id: 'a', name: 'zz' } } },
    { functions: { a: { id: 'a', name: 'zz' } } },
    { function: { id: 'a' } },
    { function: { id: 'a' } },
    { function: { id: 'a' } },
  ]);
}, 60_000);

test('an import with other quotes than plain ones is refused by both', async () => {
  const use = `function: v1.#Function & {id: "a", name: "n", ${fields}}\n`;
  const refused = await answers([
    `import #"${schema}"#\n${use}`,
    `import """\n\t${schema}\n\t"""\n${use}`,
  ]);
  expect(refused).toEqual(['empty import path', 'empty import path']);
}, 60_000);
