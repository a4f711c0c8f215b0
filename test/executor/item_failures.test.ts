/** Work that the server itself cannot do ends with its run, and does not go on for ever. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { canonicalJson, jsonDepthMax } from '../../src/lib/canonical_json.ts';
import { World } from '../simulation/world.ts';

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.close());

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = { a: value };
  return value;
}

test('a result that is nested too deeply for its events fails the run at once and says so', async () => {
  await world.register({ fn: {} });
  world.app.answers('app-fn', () => ({
    status: 200,
    headers: { 'x-inngest-sdk': 'inngest-js:v4.0.0' },
    body: canonicalJson(nested(jsonDepthMax - 1)),
  }));
  await world.send('test/go');
  expect(world.ended()).toMatchObject([
    {
      status: 'Failed',
      output: { name: 'InternalError', message: expect.stringContaining('deep') },
    },
  ]);
  expect(world.app.calls).toHaveLength(1);
});

test('a handler that throws is tried again with backoff until its attempts are used up', async () => {
  await world.register({ fn: { retries: 1 } });
  world.app.answers('app-fn', () => {
    throw new TypeError('a bug');
  });
  await world.send('test/go');
  expect(world.ended()).toEqual([]);
  await world.advance(60_000);
  expect(world.ended()).toMatchObject([
    { status: 'Failed', output: { name: 'InternalError', message: 'a bug' } },
  ]);
  expect(world.app.calls).toHaveLength(2);
});
