/** What one operation may use: counted to the last field and character, and refused at no cost afterwards. */
import { expect, test } from 'bun:test';
import {
  Budget,
  countedFields,
  fieldsResolvedMax,
  textCharsMax,
} from '../../../src/api/graphql/budget.ts';

test('fields and texts are counted, each up to its bound', () => {
  const budget = new Budget();
  budget.spendFields(fieldsResolvedMax);
  budget.spendText(textCharsMax);
  expect(budget.exceeded).toBeNull();
  expect(() => budget.spendText(1)).toThrow('smaller pages');
  expect(budget.exceeded?.extensions.code).toBe('operation_too_large');
  const other = new Budget();
  expect(() => other.spendFields(fieldsResolvedMax + 1)).toThrow(`${fieldsResolvedMax} fields`);
});

test('a field never throws at once, and gets the one refusal when too much was asked for', async () => {
  const budget = new Budget();
  const resolve = countedFields(budget);
  const failing = {
    name: () => {
      throw new Error('no name');
    },
  };
  // Only the name of the field is looked at.
  const info = { fieldName: 'name' } as Parameters<typeof resolve>[3];
  await expect(resolve(failing, {}, null, info)).rejects.toThrow('no name');
  expect(resolve({ name: 'a' }, {}, null, info)).toBe('a');
  expect(() => budget.spendFields(fieldsResolvedMax)).toThrow();
  await expect(resolve({ name: 'a' }, {}, null, info)).rejects.toBe(budget.exceeded);
});
