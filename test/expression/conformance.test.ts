/** The cases that the CEL specification publishes (`@bufbuild/cel-spec`), evaluated strictly. */
import { describe, expect, test } from 'bun:test';
import { getConformanceSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import { coreFiles, excludedFiles, selectCases } from './conformance/cases.ts';
import { left } from './conformance/left.ts';
import { complaintOf } from './conformance/verdict.ts';

/** The least share of the core cases that must hold. */
const shareMin = 0.97;

const { cases } = selectCases(coreFiles);
const failed = new Map(
  cases.flatMap((each) => {
    const complaint = complaintOf(each);
    return complaint === null ? [] : [[each.id, complaint] as const];
  }),
);

describe('the published cases of the CEL specification', () => {
  test('are all either core or excluded for a reason', () => {
    const published = getConformanceSuite().suites.map(({ name }) => name);
    expect([...coreFiles, ...excludedFiles.keys()].sort()).toEqual(published.sort());
    expect(cases.length).toBeGreaterThan(1_000);
  });

  test('hold, except those that are listed with a reason', () => {
    const unlisted = [...failed].filter(([id]) => !left.has(id));
    expect(unlisted).toEqual([]);
  });

  test('leave the list of exceptions when they begin to hold', () => {
    const stale = [...left.keys()].filter((id) => !failed.has(id));
    expect(stale).toEqual([]);
  });

  test(`hold in at least ${100 * shareMin} of 100`, () => {
    expect((cases.length - failed.size) / cases.length).toBeGreaterThanOrEqual(shareMin);
  });
});
