/** §11 Steps: time strings and events. */
import { describe, expect, test } from 'bun:test';
import { eventually } from '../eventually.ts';
import { done, sleep } from './reply.ts';
import { untilMemo } from './scripts.ts';
import { useServer } from './spec_server.ts';

const spec = useServer();

describe('time strings', () => {
  test.concurrent('SDK-1.3.2a time strings have ns, us, µs, ms, s, m, h, d and w', async () => {
    const sdk = spec.sdk();
    const short = ['1ns', '1us', '1µs', '1ms', '0.2s', '1s1ms1us1ns'];
    const long = ['50m', '2h', '1d', '1w', '1w2d3h4m5s', '1.5h'];
    for (const [index, duration] of [...short, ...long].entries()) {
      sdk.define(`f${index}`, untilMemo('a', sleep('a', duration)));
    }
    sdk.define('invalid', untilMemo('a', sleep('a', 'soonish')), { retries: 0 });
    await sdk.mustRegister();
    await Promise.all(
      short.map(async (_, index) => expect((await sdk.play(`f${index}`)).status).toBe('Completed')),
    );
    await Promise.all(
      long.map(async (duration, offset) => {
        const run = await sdk.start(`f${short.length + offset}`);
        const job = await eventually(
          async () => {
            const jobs = await sdk.client.jobs(run.run_id);
            return jobs.find(({ at }) => new Date(at).getTime() > Date.now() + 60_000);
          },
          { what: `a job that sleeps ${duration}` },
        );
        const inMs = new Date(job.at).getTime() - Date.now();
        const expected: Record<string, number> = {
          '50m': 3_000_000,
          '2h': 7_200_000,
          '1d': 86_400_000,
          '1w': 604_800_000,
          '1w2d3h4m5s': 788_645_000,
          '1.5h': 5_400_000,
        };
        expect([duration, Math.abs(inMs - (expected[duration] ?? 0)) < 10_000]).toEqual([
          duration,
          true,
        ]);
      }),
    );
    expect((await sdk.play('invalid')).status).toBe('Failed');
  }, 30_000);

  test.concurrent('SDK-1.3.4a an event has a ts in integer ms, a string id and an object as data', async () => {
    const sdk = spec.sdk().define('f', () => done());
    await sdk.mustRegister();
    const before = Date.now();
    await sdk.play('f');
    const event = sdk.callsOf('f')[0]?.body.event;
    expect(Number.isInteger(event?.ts)).toBeTrue();
    expect(event?.ts).toBeWithin(before - 5, Date.now() + 5);
    expect(event?.id).toBeString();
    expect(event?.data).toEqual({});
    await sdk.ended(await sdk.start('f', { a: 1 }, { id: 'mine', ts: 1_700_000_000_123, v: '2' }));
    expect(sdk.callsOf('f')[1]?.body.event).toMatchObject({
      ts: 1_700_000_000_123,
      id: 'mine',
      v: '2',
      data: { a: 1 },
    });
  });
});
