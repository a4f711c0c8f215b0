/** Outputs on one page are bounded, and what is large is read in pieces by a thread of its own. */
import { describe, expect, test } from 'bun:test';
import { LargeTexts, pageWithin } from '../../src/history/large_texts.ts';
import type { RunSketch } from '../../src/history/sql/run_query.ts';
import type { TextPlace } from '../../src/history/sql/stored_text.ts';
import { runRecord } from '../api/records.ts';

const megabyte = 1024 * 1024;

function sketches(...sizes: number[]): RunSketch[] {
  return sizes.map((outputBytes, n) => ({
    run: runRecord({ runId: `run-${n}`, output: null }),
    outputBytes,
  }));
}

describe('a page of runs', () => {
  test('ends early when outputs are large, and says that there is more', () => {
    const runs = sketches(20 * megabyte, 0, 12 * megabyte, 1);
    expect(pageWithin({ runs, hasMore: false })).toEqual({ runs: runs.slice(0, 3), hasMore: true });
  });

  test('has a run whose output is larger than a page', () => {
    const runs = sketches(50 * megabyte, 0);
    expect(pageWithin({ runs, hasMore: false })).toEqual({ runs: runs.slice(0, 1), hasMore: true });
  });

  test('is left as it is when they are not', () => {
    const page = { runs: sketches(megabyte, megabyte, 0), hasMore: true };
    expect(pageWithin(page)).toEqual(page);
  });
});

describe('outputs', () => {
  const asked: { by: 'few' | 'many'; places: readonly TextPlace[] }[] = [];
  const texts = new LargeTexts({
    few: async (places) => note('few', places),
    // Answers the first ones only, as the reader does when they are longer than they seemed.
    many: async (places) => note('many', places).slice(0, 2),
  });
  function note(by: 'few' | 'many', places: readonly TextPlace[]): string[] {
    asked.push({ by, places });
    return places.map((place) => (place.of === 'output' ? place.runId : ''));
  }

  test('are read at once when there are few bytes', async () => {
    asked.length = 0;
    const runs = await texts.runs(sketches(10_000, 0, 20_000));
    expect(runs.map(({ output }) => output)).toEqual(['run-0', null, 'run-2']);
    expect(asked.map(({ by, places }) => [by, places.length])).toEqual([['few', 2]]);
  });

  test('are read in pieces of a megabyte, a larger one alone, when there are many', async () => {
    asked.length = 0;
    const sizes = [megabyte / 2, megabyte / 2, 3 * megabyte, 1, 1, 1];
    const runs = await texts.runs(sketches(...sizes));
    expect(runs.map(({ output }) => output)).toEqual(runs.map(({ runId }) => runId));
    expect(asked.map(({ by, places }) => [by, places.length])).toEqual([
      ['many', 2],
      ['many', 1],
      ['many', 3],
      ['many', 1],
    ]);
  });
});
