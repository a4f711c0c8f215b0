/** What spans took in and gave out, by the ids that both trees show (graphql.md §11). */
import { expect, test } from 'bun:test';
import { legacyTree } from '../../src/trace/legacy_tree.ts';
import { readSpanOutput, type SpanOutputError } from '../../src/trace/output.ts';
import { decodeOutputId, encodeOutputId } from '../../src/trace/output_id.ts';
import { previewTree } from '../../src/trace/preview_tree.ts';
import type { SpanOutput, TraceSpan } from '../../src/trace/span.ts';
import { runs } from './runs.ts';
import { beganAtMs, eventId, ran, runId, told } from './told.ts';

const nowMs = beganAtMs + 60;

async function outputOf(name: string, pick: (root: TraceSpan) => TraceSpan | undefined) {
  const trace = runs[name];
  if (trace === undefined) throw new Error(`no run is called ${name}`);
  const id = pick(previewTree(trace, nowMs))?.outputId;
  if (id === undefined || id === null) throw new Error('the span has no output id');
  return readSpanOutput(id, async (wanted) => (wanted === runId ? trace : null));
}

function last(name: string): (root: TraceSpan) => TraceSpan | undefined {
  return (root) => root.children.findLast((child) => child.name === name);
}

function codeOf(error: SpanOutputError): [string, string] {
  return [error.code, error.message];
}

async function failure(id: string): Promise<[string, string]> {
  return readSpanOutput(id, async () => runs.sleeping ?? null).then(
    () => ['found', ''],
    (error: SpanOutputError) => codeOf(error),
  );
}

test('a step gives its data unwrapped, with what went in', async () => {
  expect(await outputOf('two steps', last('a'))).toEqual({
    input: '[1]',
    data: '"a done"',
    error: null,
  });
});

test('a failed step gives its error with its parts', async () => {
  expect(await outputOf('failing step', last('f'))).toEqual({
    input: null,
    data: null,
    error: { message: 'f broke', name: 'Error', stack: 'at f', cause: null },
  });
});

test('waits give the whole event, signals and invokes their data', async () => {
  const event = await outputOf('event found', last('w'));
  expect(JSON.parse(event.data ?? '')).toMatchObject({ name: 'paid', data: { id: 1 } });
  expect((await outputOf('signal received', last('s'))).data).toBe(
    '{"data":{"x":1},"signal":"go"}',
  );
  expect((await outputOf('invoke ok', last('i'))).data).toBe('{"billed":7}');
  expect((await outputOf('invoke failed', last('i'))).error).toMatchObject({ message: 'no money' });
});

test('a run gives its result, its events as input, and an empty text while it goes on', async () => {
  const input = `[{"id":"${eventId}","name":"order/placed","data":{"n":1},"ts":${beganAtMs}}]`;
  const root = (span: TraceSpan): TraceSpan => span;
  expect(await outputOf('two steps', root)).toEqual({ input, data: '{"ok":true}', error: null });
  expect(await outputOf('sleeping', root)).toEqual({ input, data: '', error: null });
  expect((await outputOf('failing step', root)).error).toMatchObject({ message: 'boom' });
  expect(await outputOf('cancelled while sleeping', root)).toEqual({
    input,
    data: null,
    error: null,
  });
});

test("each attempt of the function gives its own error, the last one the run's result", async () => {
  const nonsteps = (index: number) => (root: TraceSpan) =>
    root.children.filter((child) => child.name === 'executor.nonstep')[index];
  const first = await outputOf('function ok on retry', nonsteps(0));
  expect(first.error).toMatchObject({ message: 'boom', name: 'Error' });
  expect((await outputOf('function ok on retry', nonsteps(1))).data).toBe('{"ok":true}');
});

test('a result of nothing is null, as a text', async () => {
  const trace = told(runs['no steps']?.facts ?? [], ['Completed', 100, 'null']);
  const id = previewTree(trace, nowMs).outputId ?? '';
  expect((await readSpanOutput(id, async () => trace)).data).toBe('null');
});

test('an error without a message keeps its text as the stack', async () => {
  const trace = told([
    ran('a', 'start#1', [1, 2], { status: 'Failed', output: '{"error":{"x":1}}' }),
  ]);
  const id = previewTree(trace, nowMs).children[0]?.outputId ?? '';
  const output: SpanOutput = await readSpanOutput(id, async () => trace);
  expect(output.error).toEqual({
    message: '',
    name: null,
    stack: '{"error":{"x":1}}',
    cause: null,
  });
});

test('a signal that did not come has an id in the legacy tree, and no output', async () => {
  const trace = runs['signal timed out'];
  if (trace === undefined) throw new Error('no such run');
  const id = legacyTree(trace, nowMs).children[0]?.outputId ?? '';
  expect(await failure(id)).toEqual(['no_output', 'no output found']);
});

test('ids that only name a run and a span lead to the same payload', async () => {
  const trace = runs['failing step'];
  if (trace === undefined) throw new Error('no such run');
  const { children } = previewTree(trace, nowMs);
  for (const { outputId, name } of children) {
    if (outputId === null || name === 'Finalization') continue;
    const { place: _, ...id } = decodeOutputId(outputId);
    const bare = encodeOutputId({ ...id, place: null });
    const known = await readSpanOutput(outputId, async () => trace);
    // What stands for all attempts of a step shows the output of the last one; only its place says so.
    if (children.find((child) => child.outputId === outputId)?.children.length === 0) {
      expect(await readSpanOutput(bare, async () => trace)).toEqual(known);
    }
  }
});

test('ids come back whole, whatever letters an app puts into the ids of its steps', () => {
  const place = { of: 'step', stepId: 'schön 🎉 "x"', attempt: 2 } as const;
  const id = { runId, spanId: '00', isPreview: false, place };
  expect(decodeOutputId(encodeOutputId(id))).toEqual(id);
});

test('what is no id, names no run, or a run that is gone says so', async () => {
  const [code, message] = await failure('%%%');
  expect(code).toBe('invalid_output_id');
  expect(message).toStartWith('error parsing span identifier: ');
  const withoutRun = Buffer.from('{"sid":"00","tid":"","preview":true}').toString('base64');
  expect(await failure(withoutRun)).toEqual(['no_output', 'no output found']);
  const gone = encodeOutputId({ runId: 'gone', spanId: '0', isPreview: true, place: null });
  expect(await failure(gone)).toEqual(['no_output', 'no output found']);
  await expect(readSpanOutput(gone, async () => null)).rejects.toThrow('no output found');
});
