/** The order of texts: by characters, as UTF-8 has them. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Budget } from '../../src/expression/budget.ts';
import { compare, orderKey } from '../../src/expression/comparison.ts';

const unit = fc.oneof(
  fc.constantFrom(
    'a',
    '\ud7ff',
    '\ue000',
    '\uffff',
    '\ufffd',
    '😀',
    '\u{10ffff}',
    '\ud800',
    '\udfff',
  ),
  fc.nat(0xffff).map((code) => String.fromCharCode(code)),
);
const text = fc.array(unit, { maxLength: 4 }).map((units) => units.join(''));

test('keys of texts have in JavaScript the order in which conditions compare the texts', () => {
  fc.assert(
    fc.property(text, text, (left, right) => {
      const [a, b] = [orderKey(left), orderKey(right)];
      expect(compare('<', left, right, new Budget())).toBe(a < b);
      expect(compare('>=', left, right, new Budget())).toBe(a >= b);
      expect(a).toHaveLength(left.length);
    }),
    { numRuns: 5_000 },
  );
});

test('beyond plane 0 comes after all of it', () => {
  expect(compare('>', '😀', '\uffff', new Budget())).toBe(true);
  expect(compare('<', '\uff41', '😀', new Budget())).toBe(true);
});
