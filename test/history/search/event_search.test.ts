import { describe, expect, test } from 'bun:test';
import { QueryError } from '../../../src/history/history_error.ts';
import { compileEventSearch } from '../../../src/history/search/event_search.ts';
import { canonicalJson } from '../../../src/lib/canonical_json.ts';

const payload = canonicalJson({ name: 'a', id: 'mine', ts: 5, user: {}, data: { x: 'y', n: 1 } });

describe('a search over events', () => {
  test.each([
    [`event.data.x == 'y'`, true],
    [`event.id == 'mine'\nevent.ts >= 5`, true],
    [`event.name == 'a' && event.data.n < 2`, true],
    [`event.data.x == 'z'`, false],
    [`event.data.missing < 1`, false],
    // What is there counts, as it does elsewhere.
    [`event.data.x && event.name == 'a'`, true],
    [`event.data.missing && event.name == 'a'`, false],
    [`event.data.x || event.name == 'b'`, true],
    [`event.data.missing || event.name == 'a'`, true],
    [`event.data.missing || event.name == 'b'`, false],
    [`event.data.x ? event.name == 'a' : event.name == 'b'`, true],
    [`event.data.missing ? event.name == 'b' : event.name == 'a'`, false],
    [`(event.name == 'a' && event.data.n) == 1`, true],
    [`!event.data.missing`, false],
    ['', true],
  ])('finds what satisfies all lines: %s', (query, isFound) => {
    expect(compileEventSearch(query).matches(payload)).toBe(isFound);
  });

  test('says which names it admits', () => {
    expect(compileEventSearch(`event.name in ['a', 'b']`).names).toEqual(['a', 'b']);
    expect(compileEventSearch('event.ts > 1').names).toBeNull();
  });

  test('has no runs to look at', () => {
    const search = () => compileEventSearch('output.num > 1');
    expect(search).toThrow(QueryError);
    expect(search).toThrow("nothing here is called 'output'; a search can use event");
  });
});
