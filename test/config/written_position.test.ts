import { describe, expect, test } from 'bun:test';
import type { Source } from '../../src/config/source.ts';
import { writtenPosition } from '../../src/config/written_position.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is how a variable is written in a document
const written = 'a: "$HOST", b: "${PORT}" c\nd: 1';
const value = 'two\nlines';
const text = `a: "${value}", b: "80" c\nd: 1`;
const source: Source = {
  name: 'x',
  text,
  written,
  insertions: [
    { writtenStart: 4, writtenLength: 5, textStart: 4, textLength: value.length },
    { writtenStart: 16, writtenLength: 7, textStart: text.indexOf('80'), textLength: 2 },
  ],
};

describe('writtenPosition', () => {
  test.each([
    ['before a variable', { line: 1, column: 1 }, { line: 1, column: 1 }],
    ['at a variable', { line: 1, column: 5 }, { line: 1, column: 5 }],
    ['inside the value of one', { line: 2, column: 3 }, { line: 1, column: 5 }],
    ['behind one', { line: 2, column: 6 }, { line: 1, column: 10 }],
    ['inside the second', { line: 2, column: 14 }, { line: 1, column: 17 }],
    ['behind the second', { line: 2, column: 17 }, { line: 1, column: 26 }],
    ['on a later line', { line: 3, column: 4 }, { line: 2, column: 4 }],
  ])('%s', (_, position, expected) => {
    expect(writtenPosition(source, position)).toEqual(expected);
  });

  test('stays where nothing was put in', () => {
    const position = { line: 2, column: 3 };
    expect(writtenPosition({ name: 'x', text }, position)).toBe(position);
  });
});
