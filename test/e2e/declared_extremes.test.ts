/** Runs of declared functions that are large, wide or run again, and steps that send their callers elsewhere. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { z } from 'zod';
import { DeclaredStage } from './declared_stage.ts';
import { after, functionsText, onceAt } from './declared_text.ts';

const testDeadlineMs = 60_000;
/** Three of them are more than a request to an app may carry of a run's state. */
const bodyChars = 3_000_000;
const branchesCount = 300;
const stepsInARow = 100;

const branches = Array.from({ length: branchesCount }, (_, index) => `branch-${index}`);
const row = Array.from({ length: stepsInARow }, (_, index) => `step-${index}`);

const document = functionsText({
  large: {
    steps: {
      a: onceAt('/large/part'),
      b: onceAt('/large/part'),
      c: onceAt('/large/part'),
      all: onceAt('/large/all', { ...after('a', 'b', 'c'), join: 'all' }),
      last: onceAt('/large/last', {
        after: [{ step: 'all', if: `size(steps['b'].body.text) == ${bodyChars}` }],
      }),
    },
  },
  wide: {
    steps: {
      ...Object.fromEntries(branches.map((id) => [id, onceAt('/wide/branch')])),
      all: onceAt('/wide/all', { ...after(...branches), join: 'all' }),
    },
  },
  long: {
    steps: Object.fromEntries(
      row.map((id, index) => [
        id,
        onceAt('/long/step', index === 0 ? {} : after(row[index - 1] ?? '')),
      ]),
    ),
  },
  moved: { steps: { a: onceAt('/moved/old'), b: onceAt('/moved/b', after('a')) } },
  again: {
    steps: {
      a: onceAt('/again/a'),
      b: onceAt('/again/b', after('a')),
      c: onceAt('/again/c', after('b')),
    },
  },
});

const rerunSchema = z.object({ rerun: z.string() });

describe('a run of a declared function', () => {
  let stage: DeclaredStage;

  beforeAll(async () => {
    stage = await DeclaredStage.open(
      'embedded',
      { 'extremes.json': document },
      {
        '/large/part': () => ({ body: { text: 'x'.repeat(bodyChars) } }),
        '/moved/old': () => ({ status: 307, headers: { location: '/moved/new' } }),
        '/moved/new': ({ request }) => ({ body: { asked: request.ctx.step_id } }),
      },
    );
  }, testDeadlineMs);
  afterAll(() => stage?.close(), testDeadlineMs);

  const play = async (id: string) => stage.endedOne(await stage.send({ name: `${id}/wanted` }));

  test(
    'may have a state that is larger than what one request carries',
    async () => {
      const run = await play('large');
      expect(run.status).toBe('Completed');
      expect(stage.stepsOf(run)).toEqual(['a', 'all', 'b', 'c', 'last']);
      const last = stage.callsOf(run).at(-1);
      expect(Object.keys(last?.request.steps ?? {})).toEqual(['a', 'all', 'b', 'c']);
      expect(last?.text.length).toBeGreaterThan(3 * bodyChars);
    },
    testDeadlineMs,
  );

  test(
    'may have hundreds of branches, which a step joins once',
    async () => {
      const run = await play('wide');
      expect(run.status).toBe('Completed');
      expect(stage.stepsOf(run)).toEqual(['all', ...branches].toSorted());
    },
    testDeadlineMs,
  );

  test(
    'may have a hundred steps in a row, each called once and in order',
    async () => {
      const run = await play('long');
      expect(run.status).toBe('Completed');
      expect(stage.callsOf(run).map(({ request }) => request.ctx.step_id)).toEqual(row);
    },
    testDeadlineMs,
  );

  test(
    'follows a step that has moved, with what it was asked',
    async () => {
      const run = await play('moved');
      expect(run.status).toBe('Completed');
      expect(stage.callsOf(run).map(({ path }) => path)).toEqual([
        '/moved/old',
        '/moved/new',
        '/moved/b',
      ]);
      expect(stage.callsOf(run).at(-1)?.request.steps).toEqual({
        a: { status: 200, body: { asked: 'a' } },
      });
    },
    testDeadlineMs,
  );

  test(
    'can be run again, whole or from a step on',
    async () => {
      const run = await play('again');
      const [, second] = stage.callsOf(run);
      const stepId = second?.headers['x-inngest-step-id'];
      const rerun = async (fromStep: object | undefined): Promise<string[]> => {
        const query =
          'mutation ($run: ULID!, $from: RerunFromStepInput) { rerun(runID: $run, fromStep: $from) }';
        const variables = { run: run.run_id, from: fromStep };
        const { rerun: runId } = rerunSchema.parse(await stage.query(query, variables));
        const ended = await stage.endedRun(runId);
        expect(ended.status).toBe('Completed');
        return stage.callsOf(ended).map(({ path }) => path);
      };
      expect(await rerun(undefined)).toEqual(['/again/a', '/again/b', '/again/c']);
      expect(await rerun({ stepID: stepId })).toEqual(['/again/b', '/again/c']);
    },
    testDeadlineMs,
  );
});
