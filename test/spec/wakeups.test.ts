/** Work that falls due a little later than the work before it must not wait for a safety scan. */
import { expect, test } from 'bun:test';
import { stepError, stepRun } from './reply.ts';
import { planned } from './scripts.ts';
import { useServer } from './spec_server.ts';

const spec = useServer();
const runsAtOnce = 20;
/** Two retries, a second apart, and time to spare on a busy machine; the safety scan comes after 30 s. */
const endDeadlineMs = 15_000;

test('retries that fall due milliseconds apart are all made in time', async () => {
  const sdk = spec.sdk().define(
    'f',
    planned(['a', 'b', 'c'], {
      run: (name, { body }) =>
        body.ctx.attempt < 2 ? stepError(name, 'not yet') : stepRun(name, name),
    }),
    { retries: 2 },
  );
  await sdk.mustRegister();
  const runs = await Promise.all(Array.from({ length: runsAtOnce }, () => sdk.start('f')));
  const ended = await Promise.all(runs.map((run) => sdk.ended(run, endDeadlineMs)));
  expect(ended.map((run) => run.output)).toEqual(
    Array.from({ length: runsAtOnce }, () => 'joined'),
  );
  expect(sdk.calls).toHaveLength(runsAtOnce * (1 + 3 * 3 + 1));
}, 40_000);
