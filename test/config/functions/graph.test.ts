import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { problems, read, runtime, step } from './sample.ts';

/** Steps in a random order, each after some of those that an order of its own puts before it. */
const acyclic = fc.integer({ min: 1, max: 30 }).chain((size) =>
  fc.record({
    parents: fc.array(fc.array(fc.nat(size), { maxLength: 4 }), {
      ...{ minLength: size, maxLength: size },
    }),
    declared: fc.shuffledSubarray(
      Array.from({ length: size }, (_, index) => index),
      { minLength: size },
    ),
  }),
);

type Acyclic = typeof acyclic extends fc.Arbitrary<infer T> ? T : never;

function stepsOf({ parents, declared }: Acyclic): Record<string, ReturnType<typeof step>> {
  const entries = declared.map((index) => {
    // What is as late as the step itself stands for the trigger.
    const names = (parents[index] ?? []).map((parent) =>
      parent < index ? `s${parent}` : '$trigger',
    );
    return [`s${index}`, step(...new Set(names))] as const;
  });
  return Object.fromEntries(entries);
}

describe('the graph of steps', () => {
  test('is accepted when it has no cycle, with all steps and edges in declared order', () => {
    fc.assert(
      fc.property(acyclic, (generated) => {
        const steps = stepsOf(generated);
        const declared = read({ steps }).dag?.steps ?? [];
        expect(declared.map(({ id }) => id)).toEqual(Object.keys(steps));
        for (const { id, after } of declared) {
          const { after: written } = steps[id] as { after: readonly { step: string }[] };
          const parents = written.map(({ step: parent }) => parent);
          expect(after.map(({ from }) => from)).toEqual(
            parents.length > 0 ? parents : ['$trigger'],
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  test('is refused when one edge closes a cycle', () => {
    const closing = acyclic.chain((generated) =>
      fc.record({
        generated: fc.constant(generated),
        from: fc.nat(generated.declared.length - 1),
        to: fc.nat(generated.declared.length - 1),
      }),
    );
    fc.assert(
      fc.property(closing, ({ generated, from, to }) => {
        fc.pre(from !== to);
        const [early, late] = from < to ? [from, to] : [to, from];
        const steps = stepsOf(generated);
        // A way forward, and one back.
        const forward = steps[`s${late}`] as { after: readonly { step: string }[] };
        const back = steps[`s${early}`] as { after: readonly { step: string }[] };
        const isThere = forward.after.some(({ step: parent }) => parent === `s${early}`);
        const closed = {
          ...steps,
          [`s${late}`]: {
            runtime,
            after: isThere ? forward.after : [...forward.after, { step: `s${early}` }],
          },
          [`s${early}`]: { runtime, after: [...back.after, { step: `s${late}` }] },
        };
        expect(problems({ steps: closed }).join('\n')).toContain('cycle: ');
      }),
      { numRuns: 300 },
    );
  });

  test('names every cycle once, with its way', () => {
    const steps = {
      a: step('$trigger', 'b', 'c'),
      b: step('a'),
      c: step('b'),
      d: step('$trigger', 'e'),
      e: step('d'),
    };
    const found = problems({ steps });
    expect(found.map((line) => line.replace(/;.*/, ''))).toEqual([
      'steps.a.after[1]: cycle: a → b → a',
      'steps.a.after[2]: cycle: a → b → c → a',
      'steps.d.after[1]: cycle: d → e → d',
    ]);
  });

  test('that is one great tangle is refused at once, with the first cycles', () => {
    const ids = Array.from({ length: 90 }, (_, index) => `s${index}`);
    const steps = Object.fromEntries(
      ids.map((id) => [id, step(...ids.filter((other) => other !== id))]),
    );
    expect(problems({ steps })).toHaveLength(20);
  });

  test('writes out the beginning of a cycle through very many steps', () => {
    const steps = Object.fromEntries(
      Array.from({ length: 999 }, (_, index) => [`s${index}`, step(`s${(index + 998) % 999}`)]),
    );
    const found = problems({ steps });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(' → s49 → … 949 more → s0;');
  });

  test('has a bound of steps and waits together, for a run remembers each of them', () => {
    const waits = { plain: {}, wait: { wait: '1h' }, async: { async: { event: 'e', ttl: '1h' } } };
    const graph = (count: number, kind: keyof typeof waits) => {
      const after = [{ step: '$trigger', ...waits[kind] }];
      const ids = Array.from({ length: count }, (_, index) => `s${index}`);
      return Object.fromEntries(ids.map((id) => [id, { runtime, after }]));
    };
    const root = { root: step() };
    expect(problems({ steps: graph(999, 'plain') })).toEqual([]);
    expect(problems({ steps: graph(1_000, 'plain') })).toEqual([
      'steps: a function has at most 999 steps; this one has 1000',
    ]);
    expect(problems({ steps: { ...root, ...graph(499, 'wait') } })).toEqual([]);
    expect(problems({ steps: graph(500, 'wait') })).toEqual([
      'steps: a function has at most 999 steps and waits; this one has 1000: 500 steps, and 500 waits on edges (each wait, and each async that differs from others of its step)',
    ]);
    // All of them share one wait.
    expect(problems({ steps: graph(998, 'async') })).toEqual([]);
    expect(problems({ steps: graph(999, 'async') })).toHaveLength(1);
  });

  test('has a bound of edges', () => {
    const ids = Array.from({ length: 150 }, (_, index) => `s${index}`);
    const steps = Object.fromEntries(ids.map((id, index) => [id, step(...ids.slice(0, index))]));
    expect(problems({ steps })).toEqual([
      'steps: a function has at most 10000 edges; this one has 11175',
    ]);
  });
});
