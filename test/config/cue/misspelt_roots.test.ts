/** Root fields that are ignored though somebody meant something by them. */
import { expect, test } from 'bun:test';
import { misspeltRoots } from '../../../src/config/cue/misspelt_roots.ts';

const said = (text: string) =>
  misspeltRoots({ name: 'a.cue', text }).map(({ message, position }) => [
    message,
    position?.line,
    position?.column,
  ]);

test('a root field that is nearly called like one that describes something is doubted', () => {
  expect(said('package main\n\nfunction: {}\nconfg: {}\n')).toEqual([
    ['the field confg is ignored: did you mean config?', 4, 1],
  ]);
});

test('the fields of one object are its root fields, also in JSON', () => {
  expect(said('{"functions": {},\n "confg": {}}')).toEqual([
    ['the field confg is ignored: did you mean config?', 2, 2],
  ]);
});

test('a helper beside the right field is told how to be one', () => {
  expect(said('functions: {}\nfunctons: {}\n')).toEqual([
    [
      'the field functons is ignored: did you mean functions, or _functons if it is a helper of the document?',
      2,
      1,
    ],
  ]);
});

test('hidden fields, definitions, let clauses and names of one own are nobody else’s concern', () => {
  expect(said('_confg: 1\n#confg: 1\nlet confg = 1\nregions: []\nfunction: {}\n')).toEqual([]);
});

test('a place is told in the document as it was written', () => {
  const source = {
    name: 'a.cue',
    text: '{"a": "long value", "confg": 1}',
    written: '{"a": "$A", "confg": 1}',
    insertions: [{ writtenStart: 7, writtenLength: 2, textStart: 7, textLength: 10 }],
  };
  expect(misspeltRoots(source)[0]?.position).toEqual({ line: 1, column: 13 });
});
