import { expect, test } from 'bun:test';
import { expandEnvironment } from '../../src/config/environment.ts';
import { withoutInsertedValues } from '../../src/config/inserted_values.ts';
import { quote } from '../../src/function/validation.ts';

const long = `begin-${'0123456789'.repeat(20)}-end`;
const env = {
  KEY: 'hunter22',
  LONG: 'hunter22-and-more',
  SHORT: 'int',
  LINES: 'first "line"\nsecond',
  APOSTROPHE: "it's secret",
  TOKEN: 'sk-zebra',
  MANY: long,
  JSON: '{"steps": {}}',
};

function told(parts: { message?: string; path?: string }) {
  const written =
    'a: "$KEY", b: "$LONG", c: $SHORT, d: "$LINES", e: $TOKEN, f: "$MANY", g: $JSON, h: "$APOSTROPHE"';
  const expanded = expandEnvironment(written, env);
  if (!expanded.ok) throw new Error('a variable is not set');
  const source = { name: 'x.cue', written, ...expanded };
  const problem = { source: 'x.cue', path: '', position: null, message: '', ...parts };
  return withoutInsertedValues([problem], [source])[0];
}

const messageOf = (message: string) => told({ message })?.message;

test('a value that was put in is shown by its name, a longer one before what it begins with', () => {
  const message = 'conflicting values "hunter22" and "hunter22-and-more" and int';
  expect(messageOf(message)).toBe('conflicting values "$KEY" and "$LONG" and int');
});

test('messages without such values stay as they are', () => {
  expect(messageOf('field not allowed: x')).toBe('field not allowed: x');
  expect(messageOf('there is no field "steps"')).toBe('there is no field "steps"');
});

test.each([
  ['as it is', env.LINES],
  ['as JSON', JSON.stringify(env.LINES).slice(1, -1)],
  [
    'as JSON of what stands in the document',
    JSON.stringify('first \\"line\\"\\nsecond').slice(1, -1),
  ],
])('a value with quotes and lines is found %s', (_, value) => {
  expect(messageOf(`not allowed: "${value}"`)).toBe('not allowed: "$LINES"');
});

test('a value is found in the single quotes of CUE', () => {
  expect(messageOf(`not allowed: 'it\\'s secret'`)).toBe("not allowed: '$APOSTROPHE'");
});

test('what is left of a value that was cut is not shown', () => {
  expect(messageOf(`invalid URL ${quote(`http://${long}`)}; x`)).toBe(
    'invalid URL "http://$MANY…"; x',
  );
  expect(messageOf(`error\n | a == '${long.slice(0, 80)}\n |    ^`)).toBe(
    "error\n | a == '$MANY\n |    ^",
  );
  expect(messageOf(`error\n | ${long.slice(-80)}' == a\n |  ^`)).toBe(
    "error\n | $MANY' == a\n |  ^",
  );
  expect(messageOf(`error\n | ${long.slice(40, 160)}\n |  ^`)).toBe('error\n | $MANY\n |  ^');
});

test('words of a value that stands outside of quotes are not shown', () => {
  expect(messageOf('reference "sk" not found; text needs quotes: "sk"')).toBe(
    'reference "$TOKEN" not found; text needs quotes: "$TOKEN"',
  );
  expect(messageOf('reference "zebra" not found')).toBe('reference "$TOKEN" not found');
  expect(messageOf('no task, no risk')).toBe('no task, no risk');
});

test('a path has no long values in it either', () => {
  expect(told({ path: 'functions["hunter22-and-more"].steps.zebra' })?.path).toBe(
    'functions["$LONG"].steps.zebra',
  );
});
