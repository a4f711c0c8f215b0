/** §11 Steps: sleeps, events and signals. */
import { describe, expect, test } from 'bun:test';
import { eventually } from '../eventually.ts';
import { type Opcode, sleep, waitForEvent, waitForSignal } from './reply.ts';
import { untilMemo } from './scripts.ts';
import { useServer } from './spec_server.ts';

const spec = useServer();

describe('waits', () => {
  test.concurrent('SDK-5.3.2a sleeps take durations and dates from opts or name, and a past date wakes at once', async () => {
    const forms: Record<string, [Opcode, number, number]> = {
      'name duration': [sleep('a', '2s'), 1_990, 5_000],
      'opts duration': [{ ...sleep('a', ''), opts: { duration: '2s' } }, 1_990, 5_000],
      'name date': [sleep('a', new Date(Date.now() + 4_000).toISOString()), 0, 8_000],
      'past date': [sleep('a', '2020-01-01T00:00:00.000Z'), 0, 1_500],
      empty: [sleep('a', ''), 0, 1_500],
      compound: [sleep('a', '1s500ms'), 1_490, 4_500],
    };
    const sdk = spec.sdk();
    const names = Object.keys(forms).map((name) => name.replace(' ', '-'));
    Object.values(forms).forEach(([opcode], index) => {
      sdk.define(names[index] ?? '', untilMemo('a', opcode));
    });
    await sdk.mustRegister();
    await Promise.all(
      Object.values(forms).map(async ([, least, most], index) => {
        const name = names[index] ?? '';
        expect((await sdk.play(name)).output).toEqual({ memo: null });
        const [first, second] = sdk.callsOf(name);
        const gapMs = (second?.atMs ?? 0) - (first?.atMs ?? 0);
        expect([name, gapMs >= least && gapMs <= most, gapMs]).toEqual([name, true, gapMs]);
      }),
    );
  }, 30_000);

  test.concurrent('SDK-5.3.2a a sleep of more than a year fails the run', async () => {
    const sdk = spec.sdk().define('f', untilMemo('a', sleep('a', '400d')));
    await sdk.mustRegister();
    const run = await sdk.play('f');
    expect(run.status).toBe('Failed');
    expect(run.output).toMatchObject({ name: 'InngestErrTimeoutTooLong' });
  });

  test.concurrent('SDK-5.3.3a a wait gives the whole event, and null after its timeout', async () => {
    const sdk = spec.sdk();
    const event = `${sdk.appName}/awaited`;
    sdk
      .define('match', untilMemo('a', waitForEvent('a', event, { timeout: '1m' })))
      .define('timeout', untilMemo('a', waitForEvent('a', 'never/sent', { timeout: '1s' })));
    await sdk.mustRegister();
    expect((await sdk.play('timeout')).output).toEqual({ memo: null });
    const run = await sdk.start('match');
    await eventually(async () => {
      await sdk.client.send({ name: event, data: { n: 1 }, id: 'my-id', ts: 1_767_225_600_000 });
      return sdk.callsOf('match').length > 1;
    });
    const { memo } = (await sdk.ended(run)).output as { memo: unknown };
    expect(memo).toMatchObject({ name: event, data: { n: 1 }, ts: 1_767_225_600_000, user: {} });
    expect(memo).toHaveProperty('id');
  }, 30_000);

  test.concurrent('SDK-5.3.3b `if` sees the event of the run as event and the candidate as async', async () => {
    const sdk = spec.sdk();
    const event = `${sdk.appName}/awaited`;
    sdk.define(
      'f',
      untilMemo(
        'a',
        waitForEvent('a', event, {
          timeout: '1m',
          if: 'event.data.id == async.data.id && async.data.n > 1',
        }),
      ),
    );
    await sdk.mustRegister();
    const run = await sdk.start('f', { id: 'x"\'y' });
    await sdk.whenCalled('f');
    await eventually(async () => {
      await sdk.client.send([
        { name: event, data: { id: 'other', n: 9 } },
        { name: event, data: { id: 'x"\'y', n: 1 } },
        { name: event, data: { id: 'x"\'y', n: 2 } },
      ]);
      return sdk.callsOf('f').length > 1;
    });
    expect((await sdk.ended(run)).output).toMatchObject({ memo: { data: { n: 2 } } });
  }, 30_000);

  test.concurrent('SDK-5.3.3c the event name comes from opts or name, and an empty timeout is over at once', async () => {
    const sdk = spec.sdk();
    const event = `${sdk.appName}/awaited`;
    sdk
      .define(
        'opts',
        untilMemo('a', { ...waitForEvent('a', 'Shown name', { event, timeout: '1m', if: null }) }),
      )
      .define('empty', untilMemo('a', waitForEvent('a', event, { timeout: '' })));
    await sdk.mustRegister();
    expect((await sdk.play('empty')).output).toEqual({ memo: null });
    const run = await sdk.start('opts');
    await eventually(async () => {
      await sdk.client.send({ name: event, data: { n: 3 } });
      return sdk.callsOf('opts').length > 1;
    });
    expect((await sdk.ended(run)).output).toMatchObject({ memo: { data: { n: 3 } } });
  }, 30_000);

  test.concurrent('SDK-5.3.8a signals resume their waiter, conflicts fail or replace', async () => {
    const sdk = spec.sdk();
    const signal = `${sdk.appName}-go`;
    const waiter = (conflict?: string) =>
      untilMemo(
        'a',
        waitForSignal('a', signal, { timeout: '1m', ...(conflict ? { conflict } : {}) }),
      );
    sdk
      .define('first', waiter())
      .define('second', waiter('fail'))
      .define('third', waiter('replace'))
      .define('late', untilMemo('a', waitForSignal('a', `${signal} late`, { timeout: '1s' })));
    await sdk.mustRegister();
    expect(await sdk.client.signal(signal, 1)).toBeNull();
    const first = await sdk.start('first');
    await sdk.whenCalled('first');
    await eventually(async () =>
      (await sdk.client.jobs(first.run_id)).every((job) => new Date(job.at).getTime() > Date.now()),
    );
    const second = await sdk.play('second');
    expect(second.status).toBe('Failed');
    expect(JSON.stringify(second.output)).toContain(
      'Signal conflict; signal wait already exists for another run',
    );
    const third = await sdk.start('third');
    const resumed = await eventually(async () => {
      await sdk.whenCalled('third');
      const jobs = await sdk.client.jobs(third.run_id);
      if (!jobs.every((job) => new Date(job.at).getTime() > Date.now())) return null;
      return sdk.client.signal(signal, { n: 1 });
    });
    expect(resumed).toBe(third.run_id);
    expect((await sdk.ended(third)).output).toEqual({ memo: { data: { signal, data: { n: 1 } } } });
    expect((await sdk.client.run(first.run_id)).status).toBe('Running');
    expect((await sdk.play('late')).output).toEqual({ memo: null });
  }, 30_000);
});
