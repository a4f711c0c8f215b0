import { expect, test } from 'bun:test';
import { expandEnvironment } from '../../src/config/environment.ts';
import { withoutInsertedValues } from '../../src/config/inserted_values.ts';

const env = { KEY: 'hunter22', LONG: 'hunter22-and-more', SHORT: 'int' };

function messageOf(message: string): string | undefined {
  const written = 'a: "$KEY", b: "$LONG", c: $SHORT';
  const expanded = expandEnvironment(written, env);
  if (!expanded.ok) throw new Error('a variable is not set');
  const source = { name: 'x.cue', written, ...expanded };
  const problem = { source: 'x.cue', path: '', position: null, message };
  return withoutInsertedValues([problem], [source])[0]?.message;
}

test('a value that was put in is shown by its name', () => {
  const told = messageOf('conflicting values "hunter22" and "hunter22-and-more" and int');
  expect(told).toBe('conflicting values "$KEY" and "$LONG" and int');
});

test('messages without such values stay as they are', () => {
  expect(messageOf('field not allowed: x')).toBe('field not allowed: x');
});
