/** What makes searches fast must not change what they find: compared with plain evaluation of whole lines. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { compileCondition } from '../../../src/expression/strict/condition.ts';
import { parse } from '../../../src/expression/syntax.ts';
import { Failure } from '../../../src/expression/value.ts';
import { compileRunSearch } from '../../../src/history/search/run_search.ts';
import { canonicalJson } from '../../../src/lib/canonical_json.ts';

/** Few of them, so that documents and queries often meet; all that JSON writes in more than one way. */
const texts = ['a', 'ab', 'x/y', 'ä', '😀', '"', '\\', '\n', '\u0001', '', 'null', '1', 'data'];
const keys = ['a', 'b', 'a/b', 'ä'];

const text = fc.constantFrom(...texts);
const key = fc.constantFrom(...keys);
const scalar = fc.oneof(text, fc.constantFrom(0, 1, -1, 2.5, 1e21, true, false, null));
const data = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3 }),
  ),
})).value;
const document = fc.dictionary(key, fc.oneof(scalar, data), { minKeys: 1, maxKeys: 3 });
const event = fc.record({
  name: text,
  id: text,
  ts: fc.nat(3),
  user: fc.constant({}),
  data: document,
});

/** JSON as we write it, and as others do. */
const writers: readonly ((value: unknown) => string)[] = [
  (value) => canonicalJson(value),
  (value) => JSON.stringify(value, null, 2),
  (value) => JSON.stringify(value).replace(/[^\x20-\x7e]|[<>&]/g, unicodeEscape),
  (value) => JSON.stringify(value).replaceAll('/', '\\/'),
];
const writer = fc.constantFrom(...writers);

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const literal = fc.oneof(
  text.map((value) => JSON.stringify(value)),
  fc.constantFrom('null', 'true', 'false', '0', '1', '-1', '1u', '2.5', '1e21'),
);
const step = fc.oneof(
  fc.constantFrom('.a', '.b', '[0]', '[1]', '[event.name]'),
  key.map((name) => `[${JSON.stringify(name)}]`),
);
const path = fc.oneof(
  fc.constantFrom('event.name', 'event["name"]', 'event.id', 'event.ts', 'event.v'),
  fc
    .tuple(fc.constantFrom('event.data', 'output', 'error'), fc.array(step, { maxLength: 2 }))
    .map(([root, steps]) => root + steps.join('')),
);
const operand = fc.oneof({ weight: 3, arbitrary: path }, { weight: 2, arbitrary: literal });
const comparison = fc
  .tuple(operand, fc.constantFrom('==', '==', '==', '!=', '<', '<=', '>', '>='), operand)
  .map((parts) => parts.join(' '));
const membership = fc.oneof(
  fc.tuple(path, fc.array(literal, { maxLength: 3 })).map(([of, in_]) => `${of} in [${in_}]`),
  fc.tuple(operand, path).map((parts) => parts.join(' in ')),
);
const call = fc
  .tuple(path, fc.constantFrom('contains', 'startsWith', 'endsWith'), operand)
  .map(([of, name, argument]) => `${of}.${name}(${argument})`);
const predicate = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    comparison,
    membership,
    call,
    tie('any').map((inner) => `!(${inner})`),
    fc
      .tuple(tie('any'), fc.constantFrom(' && ', ' || '), tie('any'))
      .map(([left, operator, right]) => `(${left}${operator}${right})`),
    fc.tuple(tie('any'), tie('any'), tie('any')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
  ),
})).any;
const query = fc.array(predicate, { minLength: 1, maxLength: 2 });

const candidate = fc.record({
  events: fc.array(event, { maxLength: 3 }),
  output: fc.option(fc.oneof(document, data)),
  isFailed: fc.boolean(),
  write: writer,
});
type Candidate = typeof candidate extends fc.Arbitrary<infer T> ? T : never;

/** Every line as it is written, on documents that are all there. */
function plainAnswer(lines: readonly string[], { events, output, isFailed }: Candidate): boolean {
  const conditions = lines.map((line) => {
    const parsed = parse(line);
    if (!parsed.ok) throw new Error(parsed.message);
    return { holds: compileCondition(parsed.tree), isOnEvent: line.includes('event') };
  });
  const ending = {
    output: output ?? undefined,
    error: isFailed ? (output ?? undefined) : undefined,
  };
  const candidates = events.length === 0 ? [new Failure('gone')] : events;
  return (
    conditions.every(({ holds, isOnEvent }) => isOnEvent || holds(ending)) &&
    candidates.some((of) => conditions.every(({ holds }) => holds({ ...ending, event: of })))
  );
}

test('an accelerated search over runs finds exactly what plain evaluation does', () => {
  let found = 0;
  fc.assert(
    fc.property(query, fc.array(candidate, { minLength: 1, maxLength: 5 }), (lines, candidates) => {
      const search = compileRunSearch(lines.join('\n'));
      for (const of of candidates) {
        const isExpected = plainAnswer(lines, of);
        if (isExpected) found += 1;
        const payloads = of.events.map(of.write);
        const output = of.output === null ? null : of.write(of.output);
        expect(search.matches({ payloads, output, isFailed: of.isFailed })).toBe(isExpected);
        const { eventNames } = search;
        if (isExpected && eventNames !== null) {
          expect(of.events.some(({ name }) => eventNames.includes(name))).toBe(true);
        }
      }
    }),
    { numRuns: 5_000 },
  );
  // Were nothing ever found, the comparison would say little.
  expect(found).toBeGreaterThan(500);
});
