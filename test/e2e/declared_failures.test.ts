/** What becomes of a declared function's run when its steps fail, answer oddly or not at all. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { z } from 'zod';
import type { AnswerStep } from '../../examples/cue/step-server.ts';
import { eventually } from '../eventually.ts';
import { freePort } from '../free_port.ts';
import { failingAnswers, failingText, startRawSteps } from './declared_failing.ts';
import { failureOf } from './declared_run.ts';
import { DeclaredStage } from './declared_stage.ts';
import type { Run } from './server_client.ts';

const stageDeadlineMs = 60_000;
const testDeadlineMs = 45_000;

const spanSchema = z.object({
  name: z.string(),
  status: z.string(),
  step_type: z.string(),
  get children() {
    return z.array(spanSchema);
  },
});
type Span = z.infer<typeof spanSchema>;

const retryAfterSeconds = 2;
/** Clocks of two processes on one machine are read at different moments of a millisecond. */
const clockSlackMs = 5;
/** When the step was called that asks for patience. */
const limitedAtMs: number[] = [];
const limited: AnswerStep = ({ request }) => {
  limitedAtMs.push(Date.now());
  if (request.ctx.attempt !== 0) return { body: { done: true } };
  return { status: 429, headers: { 'retry-after': String(retryAfterSeconds) } };
};

describe('a declared function', () => {
  let stage: DeclaredStage;
  let raw: ReturnType<typeof startRawSteps>;

  beforeAll(async () => {
    raw = startRawSteps();
    const absentUrl = `http://127.0.0.1:${await freePort()}`;
    const text = failingText(raw.url.origin, absentUrl);
    stage = await DeclaredStage.open(
      'embedded',
      { 'failing.json': text },
      {
        ...failingAnswers,
        '/limited/only': limited,
      },
    );
  }, stageDeadlineMs);
  afterAll(async () => {
    await stage?.close();
    await raw?.stop(true);
  }, stageDeadlineMs);

  const start = (id: string, data: Readonly<Record<string, unknown>> = {}): Promise<string> =>
    stage.send({ name: `${id}/wanted`, data });
  const play = async (id: string): Promise<Run> => stage.endedOne(await start(id));

  /** The steps of a run's trace, with their attempts when there was more than a good one. */
  async function storyOf({ run_id }: Run): Promise<string[]> {
    const { root_span } = await stage.client.get<{ root_span: unknown }>(
      `/v1/runs/${run_id}/trace`,
    );
    const tell = ({ name, status }: Span): string => `${name} ${status}`;
    return spanSchema
      .parse(root_span)
      .children.filter(({ step_type }) => step_type === 'RUN')
      .map((span) => `${tell(span)}: ${span.children.map(tell).join(', ')}`);
  }

  test.concurrent(
    'calls a step again that answers 500, and what follows sees the answer that was good',
    async () => {
      const run = await play('flaky');
      expect(run.status).toBe('Completed');
      expect(stage.stepsOf(run)).toEqual(['a', 'a', 'a', 'b']);
      const calls = stage.callsOf(run);
      expect(calls.map(({ request }) => request.ctx.attempt)).toEqual([0, 1, 2, 0]);
      expect(calls.at(-1)?.request.steps).toEqual({
        a: { status: 200, body: { attempt: 'third' } },
      });
      const ids = calls.map(({ headers }) => headers['x-request-id']);
      expect(new Set(ids).size).toBe(4);
      expect(await storyOf(run)).toEqual([
        'a COMPLETED: Attempt 0 FAILED, Attempt 1 FAILED, Attempt 2 COMPLETED',
        'b COMPLETED: ',
      ]);
    },
    testDeadlineMs,
  );

  test.concurrent(
    'calls a step once that may be called once, and fails with its name and status',
    async () => {
      const run = await play('once');
      expect(stage.stepsOf(run)).toEqual(['only']);
      expect(failureOf(run)).toMatchObject({
        name: 'StepFailed',
        message: 'step "only" failed: invalid status code: 500',
      });
    },
    testDeadlineMs,
  );

  test.concurrent(
    'does not try again what answers 404',
    async () => {
      const run = await play('gone');
      expect(stage.stepsOf(run)).toEqual(['only']);
      expect(failureOf(run).message).toBe('step "only" failed: invalid status code: 404');
      // What the step said about it is kept.
      expect(JSON.stringify(run.output)).toContain('no such order');
    },
    testDeadlineMs,
  );

  test.concurrent(
    'waits as long as a step that answers 429 asks for',
    async () => {
      const run = await play('limited');
      expect(run.status).toBe('Completed');
      const [first = 0, second = 0, ...others] = limitedAtMs;
      expect(others).toEqual([]);
      expect(second - first).toBeGreaterThanOrEqual(retryAfterSeconds * 1_000 - clockSlackMs);
    },
    testDeadlineMs,
  );

  test.concurrent(
    'tries again where nothing listens, and fails with the address',
    async () => {
      const run = await play('absent');
      expect(failureOf(run).message).toMatch(
        /^step "only" failed: The step at http:\/\/127\.0\.0\.1:\d+\/only gave no answer: /,
      );
      expect(await storyOf(run)).toEqual(['only FAILED: Attempt 0 FAILED, Attempt 1 FAILED']);
    },
    testDeadlineMs,
  );

  test.concurrent(
    'lets other branches end before it fails, and then its failure is an event',
    async () => {
      stage.holdNext('/branches/slow');
      const eventId = await start('branches');
      await stage.whenHeld(['/branches/slow']);
      const begun = await stage.runOf(eventId);
      await eventually(async () =>
        (await storyOf(begun)).some((line) => line.startsWith('bad FAILED')),
      );
      expect((await stage.runOf(eventId)).status).toBe('Running');
      stage.release('/branches/slow');
      const run = await stage.endedOne(eventId);
      expect(failureOf(run).message).toBe('step "bad" failed: invalid status code: 500');
      expect(stage.stepsOf(run)).toEqual(['a', 'bad', 'last', 'slow']);
      const told = await eventually(
        () => stage.steps.calls.find(({ path }) => path === '/alarm/tell')?.request.event,
        { what: 'a call of the function that failures start' },
      );
      expect(told).toMatchObject({
        name: 'inngest/function.failed',
        data: {
          function_id: 'cue-branches',
          run_id: run.run_id,
          event: { name: 'branches/wanted' },
          error: { message: 'step "bad" failed: invalid status code: 500' },
        },
      });
    },
    testDeadlineMs,
  );

  test.concurrent(
    'names the edge whose condition cannot be decided',
    async () => {
      const run = await play('unclear');
      expect(stage.stepsOf(run)).toEqual(['a']);
      const { name, message } = failureOf(run);
      expect(name).toBe('EdgeFailed');
      expect(message).toStartWith('edge "a" → "b" failed: if "response.body.count > 1": ');
    },
    testDeadlineMs,
  );

  test.concurrent(
    'never runs a step that joins one that failed, but one that takes any way',
    async () => {
      const run = await play('joined');
      expect(stage.stepsOf(run)).toEqual(['bad', 'either', 'good']);
      expect(failureOf(run).message).toBe('step "bad" failed: invalid status code: 400');
    },
    testDeadlineMs,
  );

  test.concurrent(
    'goes no further when its run is cancelled while a step is called',
    async () => {
      stage.holdNext('/cancelled/a');
      const eventId = await start('cancelled');
      await stage.whenHeld(['/cancelled/a']);
      const { run_id } = await stage.runOf(eventId);
      expect(await stage.client.cancel(run_id)).toBeLessThan(300);
      const run = await stage.endedOne(eventId);
      expect(run.status).toBe('Cancelled');
      stage.release('/cancelled/a');
      await eventually(async () => (await stage.client.jobs(run_id)).length === 0);
      expect(stage.stepsOf(run)).toEqual(['a']);
      expect((await stage.runOf(eventId)).status).toBe('Cancelled');
    },
    testDeadlineMs,
  );

  test.concurrent(
    'takes text, nothing, broken JSON and an envelope for answers, and shows them to later steps',
    async () => {
      const run = await play('bodies');
      expect(run.status).toBe('Completed');
      const [call] = stage.callsOf(run);
      expect(call?.request.steps).toEqual({
        text: { status: 200, body: 'plain words' },
        empty: { status: 204, body: null },
        broken: { status: 200, body: '{"half":' },
        envelope: { status: 202, body: { inside: true } },
        created: { status: 201, body: { id: 7 } },
      });
      const { stack } = z
        .object({ stack: z.object({ current: z.int(), stack: z.array(z.string()) }) })
        .parse(call?.request.ctx);
      expect(stack.stack.toSorted()).toEqual(['broken', 'created', 'empty', 'envelope', 'text']);
      // The way that completed the join is that of the step that ended last.
      expect(stack.current).toBe(5);
    },
    testDeadlineMs,
  );

  test.concurrent(
    'takes the status in an envelope for the status',
    async () => {
      const run = await play('refused');
      expect(failureOf(run).message).toBe('step "only" failed: invalid status code: 418');
    },
    testDeadlineMs,
  );

  test.concurrent(
    'fails at once when an answer is too large, and says what to do',
    async () => {
      const run = await play('large');
      expect(failureOf(run).message).toMatch(/^step "only" failed: .* is larger than the 4 MiB/);
      expect(await storyOf(run)).toEqual(['only FAILED: Attempt 0 FAILED']);
    },
    testDeadlineMs,
  );

  test.concurrent(
    'shows the event that resumed an edge two steps later',
    async () => {
      const eventId = await start('resumed', { key: 'k-1' });
      await stage.whenWaiting(eventId, 1);
      await stage.send({ name: 'resumed/paid', data: { key: 'k-2', by: 'cash' } });
      await stage.send({ name: 'resumed/paid', data: { key: 'k-1', by: 'card' } });
      const run = await stage.endedOne(eventId);
      expect(run.status).toBe('Completed');
      expect(stage.stepsOf(run)).toEqual(['a', 'b', 'c', 'd']);
      const seen = stage.callsOf(run).map(({ request }) => request.async);
      const event = expect.objectContaining({ data: { key: 'k-1', by: 'card' } });
      expect(seen).toEqual([undefined, event, event, event]);
    },
    testDeadlineMs,
  );
});
