/** Documents damaged at random: each has a value or is told what is wrong, and no engine is harmed. `CUE_FUZZ=n`: rounds. */
import { expect, test } from 'bun:test';
import { createEvaluator } from '../../../src/config/cue/cue_evaluator.ts';
import { damagedAt } from './known_damage.ts';
import { randomOf } from './random.ts';

const rounds = Number(process.env.CUE_FUZZ ?? 2);
const documentsPerRound = 100;
const roundMs = 120_000;
/** Documents that the command line looks at too, which takes a second for some. */
const explainedPerRound = 25;

/** Enough to say that a document is to be explained; the command line would take a second for each. */
const explainer = { explain: async () => [], locate: async () => [] };

const pieces = [
  '{',
  '}',
  '"',
  '"""',
  '\\(',
  ')',
  ':',
  '&',
  '|',
  '\n',
  '#',
  '$',
  '[',
  '...',
  '\0',
  'ö',
  '*',
  '\uD800',
];

function damaged(text: string, random: (below: number) => number): string {
  let result = text;
  for (let times = 1 + random(3); times > 0; times -= 1) {
    const at = random(result.length + 1);
    const length = 1 + random(12);
    const part = result.slice(at, at + length);
    const middle = [
      () => '',
      () => part + part,
      () => (pieces[random(pieces.length)] ?? '') + part,
      () => part.split('').toReversed().join(''),
      () => result.slice(random(result.length)).slice(0, length),
    ][random(5)]?.();
    result = result.slice(0, at) + (middle ?? '') + result.slice(at + length);
  }
  return random(10) === 0 ? result.slice(0, random(result.length + 1)) : result;
}

test(
  'a damaged document has a value or at least one problem',
  async () => {
    const folder = new URL('./documents/', import.meta.url).pathname;
    const names = [...new Bun.Glob('*').scanSync(folder)].sort();
    const texts = await Promise.all(names.map((name) => Bun.file(folder + name).text()));
    const evaluator = createEvaluator({ cacheDir: null, explainer });
    const offset = rounds > 2 ? Date.now() % 1_000_000 : 0;
    for (let round = 0; round < rounds; round += 1) {
      const seed = offset + round;
      const random = randomOf(seed);
      const sources = Array.from({ length: documentsPerRound }, (_, index) => ({
        name: `seed ${seed}, document ${index}`,
        text: damaged(texts[random(texts.length)] ?? '', random),
      }));
      const evaluations = await evaluator.evaluate(sources);
      for (const [index, evaluation] of evaluations.entries()) {
        expect(evaluation.source).toBe(sources[index] ?? evaluation.source);
        if (evaluation.ok) expect(Object.keys(evaluation.value)).not.toBeEmpty();
        else {
          const messages = evaluation.problems.map(({ message }) => message);
          expect(messages, evaluation.source.name).not.toBeEmpty();
          expect(messages.join(), evaluation.source.text).not.toMatch(
            /^$|inngest\d|engine ended|longer than/,
          );
        }
      }
    }
  },
  rounds * roundMs,
);

test(
  'what is wrong at one place is told with the line of that place',
  async () => {
    const evaluator = createEvaluator({ cacheDir: null });
    const offset = rounds > 2 ? Date.now() % 1_000_000 : 0;
    for (let round = 0; round < rounds / 2; round += 1) {
      const random = randomOf(offset + round);
      const damaged = Array.from({ length: explainedPerRound }, () => damagedAt(random));
      const sources = damaged.map(({ what, text }) => ({ name: what, text }));
      const evaluations = await evaluator.evaluate(sources);
      const told = evaluations.map((evaluation, index) => {
        const problems = evaluation.ok ? [] : evaluation.problems;
        const { what = '', line = 0 } = damaged[index] ?? {};
        const lines = problems.map(({ position }) => position?.line ?? null);
        return { what, line, isTold: lines.includes(line), problems };
      });
      expect(
        told.filter(({ isTold }) => !isTold),
        `seed ${offset + round}`,
      ).toEqual([]);
    }
  },
  rounds * roundMs,
);
