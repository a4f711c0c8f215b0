/** Both trees of runs of every kind, compared with test/trace/trees.txt, and what holds for any facts at all. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { TraceFact } from '../../src/history/fact.ts';
import { traceIdOf } from '../../src/trace/identity.ts';
import { legacyTree } from '../../src/trace/legacy_tree.ts';
import { readSpanOutput, SpanOutputError } from '../../src/trace/output.ts';
import { previewTree } from '../../src/trace/preview_tree.ts';
import type { RunTrace } from '../../src/trace/run_trace.ts';
import type { TraceSpan } from '../../src/trace/span.ts';
import { runs } from './runs.ts';
import { beganAtMs, runId, text } from './told.ts';

const nowMs = beganAtMs + 60;

/** Expected trees by run. */
const golden = new Map(
  readFileSync(join(import.meta.dir, 'trees.txt'), 'utf8')
    .split('=== ')
    .slice(1)
    .map((section) => {
      const [name = '', current = '', legacy = ''] = section.split(/\n--- (?:current|legacy)\n/);
      return [name, { current: current.trim(), legacy: legacy.trim() }];
    }),
);

describe('golden trees', () => {
  for (const [name, trace] of Object.entries(runs)) {
    test(`a run (${name}) is shown as written down in both trees`, () => {
      expect(text(previewTree(trace, nowMs))).toBe(golden.get(name)?.current ?? '');
      expect(text(legacyTree(trace, nowMs))).toBe(golden.get(name)?.legacy ?? '');
    });
  }

  test('every written tree belongs to a run', () => {
    expect([...golden.keys()]).toEqual(Object.keys(runs));
  });
});

function below(span: TraceSpan): TraceSpan[] {
  return span.children.flatMap((child) => [child, ...below(child)]);
}

function areSorted(span: TraceSpan): boolean {
  const begins = span.children.map((child) => child.queuedAtMs);
  return begins.every((atMs, index) => index === 0 || atMs >= (begins[index - 1] ?? atMs));
}

function namesItsParent(span: TraceSpan): boolean {
  return span.children.every(
    (child) => child.parentSpanId === span.spanId && namesItsParent(child),
  );
}

/** An answer, or the one error that means that there is none. */
async function resolves(outputId: string, trace: RunTrace): Promise<boolean> {
  try {
    await readSpanOutput(outputId, async () => trace);
    return true;
  } catch (error) {
    return error instanceof SpanOutputError && error.code === 'no_output';
  }
}

/** Any run with some of its facts, in any order: what a history that lags or was cut can hold. */
const damagedRun = fc
  .constantFrom(...Object.values(runs))
  .chain((trace) =>
    fc
      .tuple(
        fc.shuffledSubarray<TraceFact>([...trace.facts]),
        fc.constantFrom(trace.run, runs.sleeping?.run ?? trace.run),
      )
      .map(([facts, run]): RunTrace => ({ ...trace, run, facts })),
  );

describe('trees of whatever is known', () => {
  test('the current tree is whole: sorted, with true parents, one run and one trace', () => {
    fc.assert(
      fc.property(damagedRun, (trace) => {
        const root = previewTree(trace, nowMs);
        const all = [root, ...below(root)];
        return (
          root.isRoot &&
          all.every((span) => areSorted(span) && span.runId === runId) &&
          namesItsParent(root) &&
          all.every((span) => span.userland !== null || span.traceId === traceIdOf(runId)) &&
          new Set(all.map((span) => span.spanId)).size === all.length
        );
      }),
    );
  });

  test('the legacy tree shows the root as the parent of all but an attempt to come', () => {
    fc.assert(
      fc.property(damagedRun, (trace) => {
        const root = legacyTree(trace, nowMs);
        const all = below(root);
        const ids = new Set([root, ...all].map((span) => span.spanId));
        return (
          [root, ...all].every(areSorted) &&
          all.every((span) =>
            span.spanId === 'queued'
              ? ids.has(span.parentSpanId ?? '')
              : span.parentSpanId === root.spanId,
          )
        );
      }),
    );
  });

  test('every output id leads to its payload or says that there is none', async () => {
    await fc.assert(
      fc.asyncProperty(damagedRun, async (trace) => {
        const roots = [previewTree(trace, nowMs), legacyTree(trace, nowMs)];
        const ids = roots.flatMap((root) => [root, ...below(root)]).map((span) => span.outputId);
        for (const id of ids) if (id !== null && !(await resolves(id, trace))) return false;
        return true;
      }),
    );
  });

  test('what has not ended has neither an end nor, in the current tree, a duration', () => {
    fc.assert(
      fc.property(damagedRun, (trace) =>
        below(previewTree(trace, nowMs)).every(({ status, endedAtMs, durationMs }) =>
          ['QUEUED', 'RUNNING', 'WAITING'].includes(status)
            ? endedAtMs === null && durationMs === null
            : endedAtMs !== null,
        ),
      ),
    );
  });
});
