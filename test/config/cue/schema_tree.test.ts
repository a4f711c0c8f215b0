/** The fields that the schema has at a path. */
import { expect, test } from 'bun:test';
import { definitionsOf, formsAt } from '../../../src/config/cue/schema_tree.ts';
import type { ValuePath } from '../../../src/config/evaluator.ts';

const fields = (...path: ValuePath) => formsAt(path).map((form) => [...form.fields.keys()]);

test('a function, its steps and their parts have the fields of their definitions', () => {
  expect(fields('function')).toEqual(fields('functions', 'any'));
  expect(fields('function')[0]).toContain('rateLimit');
  expect(fields('functions', 'f', 'steps', 's', 'runtime')).toEqual([['type', 'url']]);
  expect(fields('function', 'steps', 's', 'after', 0, 'async')).toEqual([
    ['ttl', 'event', 'match', 'onTimeout'],
  ]);
});

test('a value of several forms has the fields of each, with those that it takes from others', () => {
  expect(fields('function', 'triggers', 0)).toEqual([
    ['event', 'expression', 'definition'],
    ['cron', 'jitter'],
  ]);
  expect(fields('config', 'queue', 'service')[2]).toEqual(
    expect.arrayContaining(['backend', 'keyPrefix', 'host', 'dsn']),
  );
});

test('texts, maps of anything and what is no root have none', () => {
  expect(fields('function', 'name')).toEqual([]);
  expect(fields('functions')).toEqual([]);
  expect(fields('other')).toEqual([]);
});

test('every definition is known by its name', () => {
  expect([...definitionsOf('inngest.com/defs/config').keys()]).toContain('#RedisQueue');
  expect([...definitionsOf('inngest.com/defs/v1').keys()]).toContain('#Function');
});
