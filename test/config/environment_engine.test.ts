/** Documents with variables put in, as CUE reads them. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { z } from 'zod';
import { createEvaluator } from '../../src/config/cue/cue_evaluator.ts';
import { expandEnvironment } from '../../src/config/environment.ts';

interface Written {
  readonly quote: '"' | "'";
  readonly hashes: string;
  readonly isLong: boolean;
  readonly before: string;
  readonly after: string;
  readonly values: readonly string[];
}

/** Of one document: loading the engine takes longer than reading them. */
const stringsCount = 600;

const valueShape = z.object({
  function: z.object({ name: z.string().transform((json): unknown[] => JSON.parse(json)) }),
});

const letters = fc.constantFrom(
  ...[
    '"',
    "'",
    '#',
    '##',
    '\\',
    '(',
    ')',
    '(name)',
    'u0041',
    'n',
    'a',
    ' ',
    'é',
    '😀',
    '"#',
    '\\#',
  ],
);
const textOf = (letter: fc.Arbitrary<string>, maxLength: number) =>
  fc.array(letter, { maxLength }).map((pieces) => pieces.join(''));
const value = fc.oneof(
  textOf(fc.oneof(letters, fc.constantFrom('\n', '\r', '\t', '\0', '\u2028', '\u{feff}')), 8),
  fc.string({ unit: 'grapheme' }),
  fc.constant(''),
);

const strings = fc
  .record<Written>({
    quote: fc.constantFrom('"', "'"),
    hashes: fc.constantFrom('', '#', '##'),
    isLong: fc.boolean(),
    before: textOf(letters, 6),
    after: textOf(letters, 6),
    values: fc.array(value, { minLength: 1, maxLength: 2 }),
  })
  .filter(saysWhatIsWritten);

/** The text means itself: it has nothing in it that ends the string, nor an escape. */
function saysWhatIsWritten({ quote, hashes, isLong, before, after }: Written): boolean {
  const end = (isLong ? quote.repeat(3) : quote) + hashes;
  // Anything else than a letter of it may stand where the variable does, and after the end.
  const text = `${before}x${after}`;
  const isOpening = !isLong && text.startsWith(quote);
  return !isOpening && (text + end).indexOf(end) === text.length && !text.includes(`\\${hashes}`);
}

function literal({ quote, hashes, isLong, before, after, values }: Written, index: number): string {
  const names = values.map((_, at) => `\${V${index}_${at}}`).join('');
  const text = before + names + after;
  const mark = isLong ? quote.repeat(3) : quote;
  return isLong
    ? `${hashes}${mark}\n${text}\n${mark}${hashes}`
    : hashes + mark + text + mark + hashes;
}

test('a string says its text with the value in it, whatever its kind and whatever the value', async () => {
  const seed = Date.now() % 1_000_000;
  const written = fc.sample(strings, { numRuns: stringsCount, seed });
  const env = Object.fromEntries(
    written.flatMap(({ values }, index) => values.map((one, at) => [`V${index}_${at}`, one])),
  );
  const names = written.map(({ quote }, index) =>
    quote === '"' ? `_v${index}` : `"\\(_v${index})"`,
  );
  const text = [
    'import "encoding/json"',
    ...written.map((one, index) => `_v${index}: ${literal(one, index)}`),
    `function: {id: "a", name: json.Marshal([${names.join(', ')}]), triggers: [{event: "e"}]`,
    'steps: s: runtime: url: "http://x"}',
  ].join('\n');
  const expanded = expandEnvironment(text, env);
  if (!expanded.ok) throw new Error(`seed ${seed}: ${JSON.stringify(expanded.problems)}`);
  const evaluator = createEvaluator({ cacheDir: null });
  const [evaluation] = await evaluator.evaluate([{ name: 'a.cue', text: expanded.text }]);
  if (!evaluation?.ok) throw new Error(`seed ${seed}: ${JSON.stringify(evaluation?.problems)}`);
  const said = valueShape.parse(evaluation.value).function.name;
  for (const [index, one] of written.entries()) {
    const expected = one.before + one.values.join('') + one.after;
    expect({ seed, ...one, said: said[index] }).toEqual({ seed, ...one, said: expected });
  }
}, 60_000);
