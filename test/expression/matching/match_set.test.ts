import { describe, expect, test } from 'bun:test';
import { MatchSet } from '../../../src/expression/matching/match_set.ts';

function matching(conditions: Record<string, string>, data: Record<string, unknown>): string[] {
  const set = new MatchSet<string>();
  for (const [id, text] of Object.entries(conditions)) set.add(id, text);
  return set.matches({ name: 'e', data }).sort();
}

function numbersTo(end: number): number[] {
  return Array.from({ length: end }, (_, n) => n);
}

describe('a match set', () => {
  test.each([
    ['', -1],
    ['true', -1],
    ['false', -1],
    ['async.data.a ==', -1],
    ['async.data.a == "x"', 1],
    ['"x" == async.data["a"]', 1],
    ['async.data.a == "x" && async.data.b > 1', 1],
    ['async.data.a == 1 || async.data.b == null', 1],
    ['"x" in async.data.l', 1],
    ['async.data.a in ["x", "y"]', 1],
    ['async.data.a in ["x", "y"] && async.data.b in [1, 2, 3]', 1],
    [`async.data.a in [${numbersTo(1_024)}]`, 1],
    [`async.data.a in [${numbersTo(1_025)}]`, 0],
    [
      numbersTo(1_024)
        .map((n) => `async.data.a == ${n}`)
        .join(' || '),
      1,
    ],
    [
      numbersTo(40)
        .map((n) => `async.data.p${n} == 1`)
        .join(' || '),
      0,
    ],
    ['!(async.data.a != "x")', 1],
    ['has(async.data.a)', 1],
    ['async.data.flag', 1],
    ['async.data.a == "x" && async.data.b.startsWith("y")', 0.5],
    ['async.data.a == "x" || async.data.b.startsWith("y")', 0],
    ['async.data.a != "x"', 0],
    ['size(async.data.a) == 1', 0],
    ['async.data.a == async.data.b', 0],
  ])('gives %s the ratio %p', (text, ratio) => {
    expect(new MatchSet<string>().add('id', text)).toBe(ratio);
  });

  test('finds what compares with a missing path, as evaluation does', () => {
    const conditions = {
      less: 'async.data.x < 5',
      greater: 'async.data.x > 5',
      equal: 'async.data.x == null',
      unequal: 'async.data.x != "a"',
      not: '!(async.data.x >= 5)',
      mirrored: '"m" > async.data.x',
      text: 'async.data.x <= "m"',
      zero: 'async.data.x >= 0',
    };
    const missing = ['equal', 'less', 'mirrored', 'not', 'text', 'unequal'];
    expect(matching(conditions, {})).toEqual(missing);
    expect(matching(conditions, { x: null })).toEqual([...missing, 'zero'].sort());
    expect(matching(conditions, { x: 7 })).toEqual(['greater', 'unequal', 'zero']);
  });

  test('finds an alternative that no index can decide', () => {
    const conditions = { or: 'async.data.a == "x" || size(async.data.l) == 2' };
    expect(matching(conditions, { l: [1, 2] })).toEqual(['or']);
    expect(matching(conditions, { l: [] })).toEqual([]);
  });

  test('finds one of many alternatives for one path, alone and beside others', () => {
    const ids = numbersTo(500);
    const list = JSON.stringify(ids.map((n) => `u${n}`));
    const conditions = {
      in: `async.data.id in ${list}`,
      or: ids.map((n) => `async.data.id == "u${n}"`).join(' || '),
      both: `async.data.id in ${list} && async.data.kind in ["a", "b", "c"]`,
      other: `async.data.id in ${list} && async.data.kind == "z"`,
      twice: 'async.data.id in ["u7", "u7"] || async.data.id == "u7"',
    };
    expect(matching(conditions, { id: 'u499', kind: 'b' })).toEqual(['both', 'in', 'or']);
    expect(matching(conditions, { id: 'u7', kind: 'z' })).toEqual(['in', 'or', 'other', 'twice']);
    expect(matching(conditions, { id: 'u500', kind: 'a' })).toEqual([]);
    const set = new MatchSet<string>();
    for (const [id, text] of Object.entries(conditions)) set.add(id, text);
    expect(set.counts).toEqual({ fast: 5, mixed: 0, slow: 0, constant: 0 });
    for (const id of Object.keys(conditions)) set.remove(id);
    expect(set.isIndexEmpty).toBe(true);
  });

  test('negates conjunctions as evaluation does', () => {
    const conditions = { not: '!(async.data.a == 1 && async.data.b == 2)' };
    expect(matching(conditions, { a: 1, b: 3 })).toEqual(['not']);
    expect(matching(conditions, { a: 1, b: 2 })).toEqual([]);
  });

  test('tells integers apart that are one double', () => {
    const conditions = {
      exact: 'async.data.n == 9007199254740993',
      above: 'async.data.n > 9007199254740991',
      below: 'async.data.n < 9007199254740993',
    };
    expect(matching(conditions, { n: 2 ** 53 })).toEqual(['above', 'below']);
  });

  test('keeps numbers, texts and booleans apart', () => {
    const conditions = {
      text: 'async.data.a == "1"',
      number: 'async.data.a == 1',
      bool: 'async.data.a == true',
    };
    expect(matching(conditions, { a: 1 })).toEqual(['number']);
    expect(matching(conditions, { a: '1' })).toEqual(['text']);
    expect(matching(conditions, { a: true })).toEqual(['bool']);
  });

  test('counts its conditions by how they are found', () => {
    const set = new MatchSet<string>();
    set.add('fast', 'async.data.a == 1');
    set.add('mixed', 'async.data.a == 1 && size(async.data.b) == 1');
    set.add('slow', 'size(async.data.b) == 1');
    set.add('constant', '');
    expect(set.counts).toEqual({ fast: 1, mixed: 1, slow: 1, constant: 1 });
    set.add('slow', 'async.data.a == 2');
    set.remove('constant');
    expect(set.counts).toEqual({ fast: 2, mixed: 1, slow: 0, constant: 0 });
    expect(set.size).toBe(3);
  });

  test('tells of candidates that cannot be evaluated', () => {
    const set = new MatchSet<string>();
    set.add('types', 'async.data.a == 1 && async.data.b > "x"');
    set.add('text', 'lowercase(async.name)');
    set.add('broken', 'async.data.a ==');
    const failures: Record<string, string> = {};
    const found = set.matches({ name: 'e', data: { a: 1, b: 2 } }, (id, reason) => {
      failures[id] = reason;
    });
    expect(found).toEqual([]);
    expect(failures.types).toBe('expression errored: invalid type comparison: double with string');
    expect(failures.text).toBe('expression did not return true or false, but a string');
    expect(failures.broken).toStartWith('error compiling expression: ');
  });

  test('evaluates only the candidates', () => {
    const set = new MatchSet<number>();
    // Each evaluation fails and is heard of, so they can be counted.
    const fails = 'async.data.text > 1';
    for (let i = 0; i < 1_000; i++) set.add(i, `async.data.id == "${i}" && ${fails}`);
    for (let i = 0; i < 1_000; i++) {
      set.add(1_000 + i, `async.data.n >= ${i} && async.data.n < ${i + 2} && ${fails}`);
    }
    let evaluations = 0;
    set.matches({ data: { id: '7', n: 500.5, text: 'a' } }, () => {
      evaluations += 1;
    });
    expect(evaluations).toBe(3);
  });

  test('lets others work while it evaluates many candidates, and decides them all', async () => {
    const set = new MatchSet<number>();
    for (const n of numbersTo(100)) set.add(n, `size(async.data.l) ${n === 60 ? '!=' : '=='} 3`);
    const event = { data: { l: [1, 2, 3] } };
    let nowMs = 0;
    let turns = 0;
    const work = () => {
      turns += 1;
      if (turns === 1) {
        // What was a candidate and is gone, what became another condition, and what came too late.
        set.remove(99);
        set.remove(0);
        set.add(98, 'size(async.data.l) == 3');
        set.add(100, 'true');
      }
      next = setImmediate(work);
    };
    let next = setImmediate(work);
    // Each look at the clock takes a millisecond.
    const found = await set.matchesInSlices(event, undefined, () => nowMs++);
    clearImmediate(next);
    expect(turns).toBeGreaterThan(10);
    const left = numbersTo(100).filter((n) => ![0, 60, 98, 99].includes(n));
    expect(found.sort((a, b) => a - b)).toEqual(left);
    const all = await set.matchesInSlices(event);
    expect(all.sort((a, b) => a - b)).toEqual([...left, 98, 100].sort((a, b) => a - b));
  });

  test('bears what is made to be expensive', () => {
    const set = new MatchSet<number>();
    const alternatives = Array.from({ length: 2_000 }, (_, i) => `async.data.a == ${i}`);
    set.add(0, alternatives.join(' || '));
    set.add(1, alternatives.join(' && '));
    set.add(
      2,
      Array.from({ length: 30 }, (_, i) => `(async.data.a == ${i} || async.data.b == 1)`).join(
        ' && ',
      ),
    );
    set.add(3, `async.data${'.a'.repeat(150)} == 1`);
    set.add(4, `${'!('.repeat(90)}async.data.a == 1${')'.repeat(90)}`);
    set.add(5, `async.data.a in [${alternatives.map((_, i) => i).join(', ')}]`);
    for (let i = 0; i < 2_000; i++) set.add(10 + i, `async.data.p${i} == 1 && async.data.a == "x"`);
    for (let i = 0; i < 2_000; i++) set.add(5_000 + i, '"x" in async.data.list');
    const list = Array.from({ length: 100_000 }, () => 'x');
    const event = { data: { a: 1, b: 1, p7: 1, list, long: 'x'.repeat(1_000_000) } };
    const startedAt = performance.now();
    const found = set.matches(event).sort((a, b) => a - b);
    expect(found.slice(0, 4)).toEqual([0, 2, 4, 5]);
    expect(found).toHaveLength(2_004);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    for (let i = 0; i < 10_000; i++) set.remove(i);
    expect(set.isIndexEmpty).toBe(true);
  });
});
