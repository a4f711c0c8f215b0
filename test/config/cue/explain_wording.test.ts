/** What of CUE's words people are shown. */
import { expect, test } from 'bun:test';
import { worded } from '../../../src/config/cue/explain_wording.ts';
import { prepared } from './explain_fixture.ts';

const document = prepared('a: 1', 'orders.cue');

test('a message that is short and says nothing of us stays as it is', () => {
  const message =
    'conflicting values 3 and {attempts?:((int & >=0) & <=20)} (mismatched types int and struct)';
  expect(worded(document, message)).toBe(message);
});

test('long structs are left out, and names are names', () => {
  const struct = `{name:"Push to \\(〈2;r〉)",${'after:[{step:"load"}],'.repeat(9)}}`;
  expect(
    worded(document, `conflicting values 'x' and ${struct} (mismatched types bytes and struct)`),
  ).toBe("conflicting values 'x' and {…} (mismatched types bytes and struct)");
  expect(worded(document, 'reference "〈1;r〉" not found')).toBe('reference "r" not found');
});

test('files are called what the person calls them, and ours are the schema', () => {
  const message = `found in ./${document.userFile} and ./cue.mod/pkg/inngest.com/defs/v1/schema.cue`;
  expect(worded(document, message)).toBe('found in orders.cue and the schema');
});

test('a value of the environment is shown by its name', () => {
  const written = 'a: "$API_KEY"';
  const text = 'a: "s3cr3t-value"';
  const source = {
    name: 'orders.cue',
    text,
    written,
    insertions: [{ writtenStart: 4, writtenLength: 8, textStart: 4, textLength: 12 }],
  };
  expect(worded({ ...document, source }, 'conflicting values "s3cr3t-value" and int')).toBe(
    'conflicting values "$API_KEY" and int',
  );
});

test('a value is shown by its name also where it is left out in part or cut', () => {
  const value = `s3cr3t{${'x'.repeat(90)}}tail-of-it ${'y'.repeat(2_000)}`;
  const source = {
    name: 'orders.cue',
    text: `a: "${value}"`,
    written: 'a: "$API_KEY"',
    insertions: [{ writtenStart: 4, writtenLength: 8, textStart: 4, textLength: value.length }],
  };
  expect(worded({ ...document, source }, `conflicting values "${value}" and int`)).toBe(
    'conflicting values "$API_KEY" and int',
  );
});
