import { describe, expect, test } from 'bun:test';
import { offsetAt, offsetAtBytes, positionAt } from '../../../src/config/cue/text_places.ts';

const text = 'ab\n\u{1F600}ö: 1\r\nlast';

describe('places in a text', () => {
  test('count characters, not bytes and not UTF-16 units', () => {
    expect(positionAt(text, text.indexOf(':'))).toEqual({ line: 2, column: 3 });
    expect(offsetAt(text, { line: 2, column: 3 })).toBe(text.indexOf(':'));
  });

  test('can be found from columns that count bytes', () => {
    expect(offsetAtBytes(text, { line: 2, column: 7 })).toBe(text.indexOf(':'));
  });

  test('go back and forth', () => {
    for (const offset of [0, 1, 2, 3, 5, 6, text.length]) {
      expect(offsetAt(text, positionAt(text, offset))).toBe(offset);
    }
  });

  test('do not count a byte order mark', () => {
    expect(positionAt('\uFEFFab', 2)).toEqual({ line: 1, column: 2 });
    expect(offsetAt('\uFEFFab', { line: 1, column: 2 })).toBe(2);
  });

  test('are found fast in a document that is one line', () => {
    const line = '{"ü": 1}'.repeat(125_000);
    const startedMs = performance.now();
    for (let turn = 0; turn < 20; turn += 1) {
      const place = positionAt(line, line.length - 1);
      expect(offsetAt(line, place)).toBe(line.length - 1);
      expect(offsetAtBytes(line, { line: 1, column: 9 * 125_000 })).toBe(line.length - 1);
    }
    expect(performance.now() - startedMs).toBeLessThan(4_000);
  });

  test('end with the line and with the text', () => {
    expect(offsetAt(text, { line: 1, column: 99 })).toBe(2);
    expect(offsetAt(text, { line: 9, column: 1 })).toBeNull();
    expect(offsetAtBytes(text, { line: 9, column: 1 })).toBeNull();
  });
});
