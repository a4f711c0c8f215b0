/** What happened and why, asked of the compiled server through every API, on both databases. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eventually } from '../eventually.ts';
import { hasPostgres, PostgresServer } from '../postgres_server.ts';
import { Collector } from './collector.ts';
import type { Run } from './server_client.ts';
import { Stage } from './stage.ts';

const deadlineMs = 120_000;
const hasPromtool = Bun.which('promtool') !== null;

interface Span {
  readonly name: string;
  readonly status: string;
  readonly childrenSpans?: readonly Span[];
}

/** `name STATUS`, children below it. */
function outline(span: Span, depth = 0): string[] {
  const below = (span.childrenSpans ?? []).flatMap((child) => outline(child, depth + 1));
  return [`${'  '.repeat(depth)}${span.name} ${span.status}`, ...below];
}

const databases = [
  { name: 'SQLite', isThere: true },
  { name: 'PostgreSQL', isThere: hasPostgres() },
];

for (const { name: database, isThere } of databases) {
  const suite = isThere ? describe : describe.skip;
  suite(`history on ${database}${isThere ? '' : ' (skipped: PostgreSQL is not installed)'}`, () => {
    let stage: Stage;
    let collector: Collector;
    let postgres: PostgresServer | null = null;

    beforeAll(async () => {
      collector = new Collector();
      const args: string[] = ['--retention', '7d'];
      if (database === 'PostgreSQL') {
        postgres = await PostgresServer.start();
        args.push('--postgres-uri', await postgres.createDatabase('history'));
      }
      stage = await Stage.open(
        { sdk: '4', adapter: 'bun', isCheckpointing: false },
        { args, env: collector.env },
      );
    }, deadlineMs);
    afterAll(async () => {
      await stage?.close();
      await collector.stop();
      await postgres?.dispose();
    }, deadlineMs);

    async function ask<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
      const answer = await fetch(`${stage.server.url}/v0/gql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      // The server's own shape.
      const { data, errors } = (await answer.json()) as { data: T; errors?: unknown };
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      return data;
    }

    async function rest(method: string, path: string, body?: unknown) {
      const answer = await fetch(`${stage.server.url}${path}`, {
        method,
        ...(body !== undefined && {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      });
      const text = await answer.text();
      // Looked into by the tests.
      const document = (text === '' ? {} : JSON.parse(text)) as { data: Record<string, unknown> };
      return { status: answer.status, ...document };
    }

    async function treeOf(runId: string, preview: boolean): Promise<string[]> {
      const spans = 'name status childrenSpans { name status childrenSpans { name status } }';
      const { run } = await ask<{ run: { trace: Span } }>(
        `query ($id: String!, $preview: Boolean) { run(runID: $id) { trace(preview: $preview) { ${spans} } } }`,
        { id: runId, preview },
      );
      return outline(run.trace);
    }

    test(
      'list and detail, REST and GraphQL, and both trees tell the same story of a run',
      async () => {
        const run = await stage.scene().play('sequential');
        const { data } = await rest('GET', `/v2/runs/${run.run_id}?includeOutput=true`);
        expect(data).toMatchObject({
          id: run.run_id,
          status: 'COMPLETED',
          output: { one: 1, two: 2, three: { sum: 3 } },
          function: { id: expect.any(String) },
        });
        const { runs } = await ask<{
          runs: { edges: { node: { id: string; status: string; endedAt: string } }[] };
        }>(
          `query ($from: Time!) { runs(orderBy: [{field: QUEUED_AT, direction: DESC}], filter: {from: $from}) {
             edges { node { id status endedAt } } } }`,
          { from: new Date(Date.now() - 3_600_000).toISOString() },
        );
        const listed = runs.edges.find(({ node }) => node.id === run.run_id);
        expect(listed?.node).toMatchObject({ status: 'COMPLETED', endedAt: data.endedAt });
        expect(await treeOf(run.run_id, false)).toEqual([
          'e2e-sequential COMPLETED',
          '  one COMPLETED',
          '  two COMPLETED',
          '  three COMPLETED',
          '  function success COMPLETED',
        ]);
        const current = await treeOf(run.run_id, true);
        expect(current[0]).toBe('Run COMPLETED');
        expect(current).toContain('  Finalization COMPLETED');
      },
      deadlineMs,
    );

    test(
      'attempts of a step are shown below it, and their outputs can be read',
      async () => {
        const run = await stage.scene().play('exhausted');
        const tree = await treeOf(run.run_id, false);
        expect(tree.slice(0, 4)).toEqual([
          'e2e-exhausted FAILED',
          '  hopeless FAILED',
          '    Attempt 0 FAILED',
          '    Attempt 1 FAILED',
        ]);
        const { run: told } = await ask<{
          run: { trace: { childrenSpans: { outputID: string }[] } };
        }>(
          'query ($id: String!) { run(runID: $id) { trace(preview: false) { childrenSpans { outputID } } } }',
          { id: run.run_id },
        );
        const { runTraceSpanOutputByID: output } = await ask<{
          runTraceSpanOutputByID: { error: { name: string; message: string } };
        }>(
          'query ($id: String!) { runTraceSpanOutputByID(outputID: $id) { data error { name message } } }',
          { id: told.trace.childrenSpans[0]?.outputID },
        );
        expect(output).toMatchObject({ error: { name: 'TypeError', message: 'it never works' } });
      },
      deadlineMs,
    );

    test(
      'a collector receives exactly the spans of what ran, linked to the trace of the sender',
      async () => {
        const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
        const scene = stage.scene();
        const sent = await fetch(`${stage.server.url}/e/key`, {
          method: 'POST',
          headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
          body: JSON.stringify(scene.event('sequential')),
        });
        const { ids } = (await sent.json()) as { ids: string[] };
        const [started] = await scene.runsOf(ids[0] ?? '', 1);
        const run = await scene.ended(started as Run);
        const spans = await eventually(
          () => {
            const seen = collector.of(run.run_id);
            return seen.some(({ scope }) => scope === 'function.app.env.inngest') && seen;
          },
          { what: 'the spans of the run' },
        );
        const count = (scope: string) => spans.filter((span) => span.scope === scope).length;
        expect(count('trigger.inngest')).toBe(1);
        expect(count('function.app.env.inngest')).toBe(1);
        // Three steps, and the call in which the function returned.
        expect(count('step.function.app.env.inngest')).toBe(3);
        expect(count('execution.function.app.env.inngest')).toBe(4);
        expect(new Set(spans.map((span) => span.spanId)).size).toBe(spans.length);
        expect(new Set(spans.map((span) => span.traceId)).size).toBe(1);
        expect(spans.find(({ scope }) => scope === 'trigger.inngest')?.links).toEqual([traceId]);
      },
      deadlineMs,
    );

    test(
      'a search finds runs by the data of their events and by what they returned',
      async () => {
        const scene = stage.scene();
        const value = `needle ${scene.key}`;
        const run = await scene.play('without-steps', { value });
        const find = async (query: string) => {
          const { runs } = await ask<{
            runs: { totalCount: number; edges: { node: { id: string } }[] };
          }>(
            `query ($from: Time!, $query: String) { runs(orderBy: [], filter: {from: $from, query: $query}) {
               totalCount edges { node { id } } } }`,
            { from: new Date(Date.now() - 3_600_000).toISOString(), query },
          );
          return [runs.totalCount, ...runs.edges.map(({ node }) => node.id)];
        };
        expect(await find(`event.data.value == '${value}'`)).toEqual([1, run.run_id]);
        expect(
          await find(`output.echoed == '${value}'\nevent.name == 'e2e/without-steps'`),
        ).toEqual([1, run.run_id]);
        expect(await find(`event.data.value == '${value}' && output.echoed == 'other'`)).toEqual([
          0,
        ]);
        await expect(find('event.data.value.map(x, x)')).rejects.toThrow('macros');
      },
      deadlineMs,
    );

    test(
      'a rerun from a step keeps the steps before it',
      async () => {
        const scene = stage.scene();
        const run = await scene.play('sequential');
        const before = (await scene.recordsNamed('one')).length;
        const { status, data } = await rest('POST', `/v2/runs/${run.run_id}/rerun`, {
          fromStep: { stepId: 'two' },
        });
        expect(status).toBe(200);
        const again = await scene.ended({ ...run, run_id: String(data.runId), status: 'Running' });
        expect(again).toMatchObject({ status: 'Completed', output: { one: 1, two: 2 } });
        expect(await scene.recordsNamed('one')).toHaveLength(before);
        expect(await scene.recordsNamed('two')).toHaveLength(2);
        expect((await rest('GET', `/v1/runs/${again.run_id}`)).data).toMatchObject({
          original_run_id: run.run_id,
        });
      },
      deadlineMs,
    );

    test(
      'runs are cancelled and rerun in bulk, with progress',
      async () => {
        const scene = stage.scene();
        const sleeping = await Promise.all(
          Array.from({ length: 5 }, () => scene.start('sleep', { for: '1h' })),
        );
        for (const run of sleeping) await scene.whenParked(run);
        const filter = {
          from: new Date(Date.now() - 3_600_000).toISOString(),
          until: new Date(Date.now() + 60_000).toISOString(),
          query: `event.data.key == '${scene.key}'`,
        };
        const bulk = async (kind: 'cancel' | 'rerun') => {
          const { status, data } = await rest('POST', `/v2/bulk/${kind}`, { name: kind, filter });
          expect(status).toBeOneOf([200, 201, 202]);
          return eventually(
            async () => {
              const { data: now } = await rest('GET', `/v2/bulk/${data.id}`);
              return now.status === 'COMPLETED' && now;
            },
            { what: `the end of a bulk ${kind}`, deadlineMs: 30_000 },
          );
        };
        expect(await bulk('cancel')).toMatchObject({ total: 5, done: 5 });
        for (const run of sleeping) {
          expect(await stage.client.run(run.run_id)).toMatchObject({ status: 'Cancelled' });
        }
        expect(await bulk('rerun')).toMatchObject({ total: 5, done: 5 });
        expect(await bulk('cancel')).toMatchObject({ total: 5, done: 5 });
      },
      deadlineMs,
    );

    test(
      'a paused function records skipped runs; unpaused it works again',
      async () => {
        const scene = stage.scene();
        const path = '/v2/apps/e2e/functions/without-steps';
        expect((await rest('POST', `${path}/pause`)).status).toBe(200);
        const skipped = await scene.start('without-steps', { value: 1 });
        expect(skipped).toMatchObject({ status: 'Skipped' });
        expect((await rest('GET', path)).data).toMatchObject({ isPaused: true });
        expect((await rest('POST', `${path}/unpause`)).status).toBe(200);
        expect(await scene.play('without-steps', { value: 1 })).toMatchObject({
          status: 'Completed',
        });
        expect(await scene.executed()).toEqual(['body']);
      },
      deadlineMs,
    );

    test(
      'metadata that is written onto a run is seen in its trace',
      async () => {
        const run = await stage.scene().play('sequential');
        const written = await rest('POST', `/v1/runs/${run.run_id}/metadata`, {
          metadata: [{ kind: 'userland.note', op: 'merge', values: { colour: 'blue' } }],
        });
        expect(written.status).toBe(200);
        const { runTrace } = await ask<{ runTrace: { metadata: object[] } }>(
          'query ($id: String!) { runTrace(runID: $id) { metadata { kind scope values } } }',
          { id: run.run_id },
        );
        expect(runTrace.metadata).toContainEqual({
          kind: 'userland.note',
          scope: 'run',
          values: { colour: 'blue' },
        });
      },
      deadlineMs,
    );

    test(
      `metrics count what happened, ${hasPromtool ? 'in a form that promtool accepts' : '(promtool is not installed: what it says is left out)'}`,
      async () => {
        const run = await stage.scene().play('flaky-function');
        expect(run.status).toBe('Completed');
        const text = await (await fetch(`${stage.server.url}/metrics`)).text();
        const figure = (line: string) =>
          Number(
            text
              .split('\n')
              .find((each) => each.startsWith(`${line} `))
              ?.split(' ')[1],
          );
        expect(
          figure('inngest_function_run_ended_total{fn="e2e-flaky-function",status="completed"}'),
        ).toBe(1);
        expect(
          figure('inngest_sdk_req_ended_total{fn="e2e-flaky-function",status="errored"}'),
        ).toBe(2);
        expect(figure('inngest_otlp_spans_total{outcome="dropped"}')).toBe(0);
        if (!hasPromtool) return;
        const promtool = Bun.spawn(['promtool', 'check', 'metrics'], {
          stdin: new Blob([text]),
          stderr: 'pipe',
        });
        expect(await promtool.exited).toBe(0);
      },
      deadlineMs,
    );

    test(
      'everything is still there after a restart',
      async () => {
        const run = await stage.scene().play('flaky-step');
        const [legacy, current] = [await treeOf(run.run_id, false), await treeOf(run.run_id, true)];
        await stage.server.kill();
        await stage.server.restart();
        expect(await treeOf(run.run_id, false)).toEqual(legacy);
        expect(await treeOf(run.run_id, true)).toEqual(current);
        expect(await stage.client.run(run.run_id)).toMatchObject({ status: 'Completed' });
      },
      deadlineMs,
    );
  });
}
