import { expect, test } from 'bun:test';
import { nearestWord } from '../../src/lib/nearest_word.ts';

const words = ['throttle', 'triggers', 'timeouts', 'if', 'a'];

test('a slip of a letter or two is recognised', () => {
  expect(nearestWord('throtle', words)).toBe('throttle');
  expect(nearestWord('Trigers', words)).toBe('triggers');
  expect(nearestWord('timeout', words)).toBe('timeouts');
});

test('another word is not, nor one that shares no letter with what was typed', () => {
  expect(nearestWord('concurrency', words)).toBeNull();
  expect(nearestWord('thrttl', words)).toBe('throttle');
  expect(nearestWord('b', words)).toBeNull();
  expect(nearestWord('', [])).toBeNull();
});
