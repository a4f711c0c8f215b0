import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { elementaryCycles, reachable } from '../../../src/config/functions/cycles.ts';

/** Every cycle from its least node, found by walking all paths. */
function allCycles(nodes: readonly string[], followers: ReadonlyMap<string, readonly string[]>) {
  const cycles: string[][] = [];
  const walk = (trail: readonly string[]): void => {
    const [first = '', last = ''] = [trail[0], trail.at(-1)];
    for (const next of followers.get(last) ?? []) {
      if (next === first && trail.length > 1) cycles.push([...trail]);
      const isLater = nodes.indexOf(next) > nodes.indexOf(first);
      if (isLater && !trail.includes(next)) walk([...trail, next]);
    }
  };
  for (const node of nodes) walk([node]);
  return cycles;
}

function ring(length: number): [string[], Map<string, string[]>] {
  const nodes = Array.from({ length }, (_, index) => `n${index}`);
  const followers = new Map(nodes.map((node, index) => [node, [`n${(index + 1) % length}`]]));
  return [nodes, followers];
}

const graph = fc.integer({ min: 1, max: 6 }).chain((size) =>
  fc
    .array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 18 })
    .map((pairs): [string[], Map<string, string[]>] => {
      const nodes = Array.from({ length: size }, (_, index) => `n${index}`);
      const followers = new Map<string, string[]>(nodes.map((node) => [node, []]));
      for (const [from, to] of pairs) {
        const next = followers.get(`n${from}`) ?? [];
        if (!next.includes(`n${to}`)) next.push(`n${to}`);
      }
      return [nodes, followers];
    }),
);

describe('cycles', () => {
  test('are exactly those that walking every path finds', () => {
    fc.assert(
      fc.property(graph, ([nodes, followers]) => {
        const found = elementaryCycles(nodes, followers, 10_000).map((cycle) => cycle.join(' '));
        const wanted = allCycles(nodes, followers).map((cycle) => cycle.join(' '));
        expect(found.toSorted()).toEqual(wanted.toSorted());
      }),
      { numRuns: 2_000 },
    );
  });

  test('of a thousand nodes are found whole', () => {
    const [nodes, followers] = ring(1_000);
    expect(elementaryCycles(nodes, followers, 20)).toEqual([nodes]);
  });

  test('are no more than asked for, where there are more than could ever be listed', () => {
    const nodes = Array.from({ length: 100 }, (_, index) => `n${index}`);
    const followers = new Map(nodes.map((node) => [node, nodes.filter((other) => other !== node)]));
    expect(elementaryCycles(nodes, followers, 20)).toHaveLength(20);
  });
});

test('what can be reached is what paths lead to, and the starts themselves', () => {
  const followers = new Map([
    ['a', ['b']],
    ['b', ['c', 'a']],
    ['d', ['c']],
  ]);
  expect([...reachable(['a'], followers)].toSorted()).toEqual(['a', 'b', 'c']);
  expect([...reachable([], followers)]).toEqual([]);
});
