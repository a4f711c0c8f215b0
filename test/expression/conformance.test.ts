/** The cases that the CEL specification publishes (`@bufbuild/cel-spec`), evaluated strictly and as in functions. */
import { describe, expect, test } from 'bun:test';
import { getConformanceSuite } from '@bufbuild/cel-spec/testdata/tests.js';
import { coreFiles, excludedFiles, selectCases } from './conformance/cases.ts';
import { errsEarlier, left } from './conformance/left.ts';
import { leniencies } from './conformance/leniency.ts';
import { complaintsOf, leniently, strictly } from './conformance/verdict.ts';

/** The least share of the core cases that must hold strictly, and in functions of those that §24 lets hold. */
const shareMin = 0.97;

const { cases } = selectCases(coreFiles);
const strict = complaintsOf(cases, strictly);
const lenient = complaintsOf(cases, leniently);

describe('the published cases of the CEL specification', () => {
  test('are all either core or excluded for a reason', () => {
    const published = getConformanceSuite().suites.map(({ name }) => name);
    expect([...coreFiles, ...excludedFiles.keys()].sort()).toEqual(published.sort());
    expect(cases.length).toBeGreaterThan(1_000);
  });

  test('hold strictly, except those that are listed with a reason', () => {
    expect([...strict].filter(([id]) => !left.has(id))).toEqual([]);
  });

  test('leave the list of exceptions when they begin to hold', () => {
    expect([...left.keys()].filter((id) => !strict.has(id))).toEqual([]);
  });

  test(`hold strictly in at least ${100 * shareMin} of 100`, () => {
    expect((cases.length - strict.size) / cases.length).toBeGreaterThanOrEqual(shareMin);
  });

  test('that err before the operation that they are about are listed', () => {
    const listed = cases.filter(({ id }) => errsEarlier.has(id));
    expect(listed).toHaveLength(errsEarlier.size);
    for (const of of listed) {
      const [operand = ''] = /duration\('[^']+'\)/.exec(of.text) ?? [];
      expect(strictly({ ...of, text: operand })).toMatchObject({ typeName: 'error' });
    }
  });
});

describe('in functions the published cases', () => {
  const listed = leniencies.flatMap(({ ids }) => ids);

  test('hold, except those that are listed by a rule', () => {
    expect([...lenient].filter(([id]) => !listed.includes(id))).toEqual([]);
  });

  test('leave the lists when they begin to hold, and are in one of them', () => {
    expect(listed.filter((id) => !lenient.has(id))).toEqual([]);
    expect(new Set(listed).size).toBe(listed.length);
  });

  test(`hold in at least ${100 * shareMin} of 100 where that contradicts no rule of the language`, () => {
    const demanded = leniencies.filter(({ isDemanded }) => isDemanded).flatMap(({ ids }) => ids);
    const comparable = cases.length - demanded.length;
    expect((cases.length - lenient.size) / comparable).toBeGreaterThanOrEqual(shareMin);
  });
});
