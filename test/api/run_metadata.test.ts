import { expect, test } from 'bun:test';
import type { MetadataFact } from '../../src/history/fact.ts';
import { scoreFacts } from '../../src/trace/metadata_rules.ts';
import { stepKeyOf } from '../../src/trace/step_key.ts';
import { type Door, openDoor, runId } from './door.ts';

const path = `/v1/runs/${runId}/metadata`;
const note = { kind: 'userland.note', op: 'merge', values: { k: 1 } };

const written = (door: Door): MetadataFact[] =>
  door.world.annotations.filter((fact) => fact.t === 'metadata');

test('metadata is stored at the place that the target names', async () => {
  const places: readonly (readonly [object, object])[] = [
    [{}, { scope: 'run' }],
    [{ step_id: 'a' }, { scope: 'step', stepId: stepKeyOf('a') }],
    [
      { step_id: 'a', step_index: 2 },
      { scope: 'step', stepId: stepKeyOf('a', 2) },
    ],
    [
      { step_id: 'a', step_attempt: 3 },
      { scope: 'step_attempt', attempt: 3 },
    ],
    // The last attempt is what a step shows.
    [{ step_id: 'a', step_attempt: -1 }, { scope: 'step' }],
    [
      { step_id: 'a', span_id: 'b1' },
      { scope: 'extended_trace', spanId: 'b1' },
    ],
  ];
  for (const [target, place] of places) {
    const door = openDoor();
    const answer = await door.knock('POST', path, { target, metadata: [note] });
    expect([answer.status, answer.text]).toEqual([200, '']);
    const about = {
      kind: 'userland.note',
      op: 'merge',
      values: '{"k":1}',
      atMs: 1_767_225_600_000,
    };
    expect(written(door)).toMatchObject([{ t: 'metadata', runId, ...about, ...place }]);
  }
});

test('entries of one request keep their order', async () => {
  const door = openDoor();
  const metadata = ['a', 'b', 'c'].map((name) => ({ ...note, kind: `userland.${name}` }));
  await door.knock('POST', path, { metadata });
  const ids = written(door).map(({ id }) => id);
  expect(written(door).map(({ kind }) => kind)).toEqual(['userland.a', 'userland.b', 'userland.c']);
  expect(ids.toSorted()).toEqual(ids);
});

test('kinds of the server that nobody may write, and scores that are none, are 400', async () => {
  const door = openDoor();
  for (const entry of [
    { ...note, kind: 'inngest.timing' },
    { ...note, kind: 'inngest.usage' },
    { ...note, kind: 'other' },
    { ...note, kind: 'userland.' },
    { ...note, kind: 'inngest.score', values: { a: 1 } },
    { ...note, kind: 'inngest.score', values: { a: { value: 'x' } } },
    { ...note, kind: 'inngest.score', values: { a: { value: 1, more: 1 } } },
    { ...note, kind: 'inngest.score', values: { "a'": { value: 1 } } },
    { ...note, kind: 'inngest.score', values: { 'a\n': { value: 1 } } },
    { ...note, kind: 'inngest.score', values: { ['a'.repeat(129)]: { value: 1 } } },
  ]) {
    const answer = await door.knock('POST', path, { metadata: [note, entry] });
    expect(answer.status).toBe(400);
    expect(String(answer.at('error'))).toStartWith('Invalid metadata target: metadata.1.');
  }
  expect(written(door)).toEqual([]);
});

test('scores and the other kinds of SDKs are stored', async () => {
  const door = openDoor();
  const metadata = [
    { ...note, kind: 'inngest.score', values: { good: { value: true }, ü: { value: 0.5 } } },
    { ...note, kind: 'inngest.score', op: 'delete', values: { good: null } },
    { ...note, kind: 'inngest.ai', op: 'add', values: { input_tokens: 3 } },
  ];
  expect((await door.knock('POST', path, { metadata })).status).toBe(200);
  expect(written(door)).toHaveLength(3);
});

test('a target of another run, and too many entries, are 400', async () => {
  const door = openDoor();
  const other = { target: { run_id: '01JV8W3R9V2Y7M6S6S3F2K4N5Q' }, metadata: [note] };
  expect((await door.knock('POST', path, other)).status).toBe(400);
  const many = { metadata: Array.from({ length: 1_001 }, () => note) };
  expect((await door.knock('POST', path, many)).status).toBe(400);
});

test('a run has room for 1 MiB, what history knows of and what came since', async () => {
  const door = openDoor();
  const entry = { ...note, values: { text: 'x'.repeat(60_000) } };
  const write = async () =>
    (await door.knock('POST', path, { metadata: Array.from({ length: 4 }, () => entry) })).status;
  await write();
  const known = written(door);
  door.world.facts.set(runId, [...known, ...known]);
  // History is asked again after a minute: 8 of the 17 that there is room for are known now.
  door.world.clock.advance(60_000);
  expect(await write()).toBe(200);
  expect(await write()).toBe(200);
  expect(await write()).toBe(413);
  const other = '/v1/runs/01JV8W3R9V2Y7M6S6S3F2K4N5Q/metadata';
  expect((await door.knock('POST', other, { metadata: [note] })).status).toBe(200);
});

test('scores of REST v2 become metadata, and a bad one names itself', () => {
  const scores = [
    { name: 'good', value: true },
    { name: 'fast', value: 0.5, stepId: 'a', experiment: { id: 'e', variant: 'v' } },
  ];
  const result = scoreFacts(runId, scores, 1_767_225_600_000);
  expect(result.ok && result.facts).toMatchObject([
    { scope: 'run', kind: 'inngest.score', values: '{"good":{"value":true}}' },
    { scope: 'step', stepId: stepKeyOf('a'), values: '{"fast":{"value":0.5}}' },
    { scope: 'step', kind: 'inngest.experiment', values: '{"name":"e","variant":"v"}' },
  ]);
  expect(scoreFacts(runId, [...scores, { name: 'bad', value: Number.NaN }], 1)).toEqual({
    ok: false,
    index: 2,
    message: 'Score value must be a finite number or boolean',
  });
});
