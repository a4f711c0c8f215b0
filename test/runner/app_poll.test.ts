import { describe, expect, test } from 'bun:test';
import type { AppDefinition } from '../../src/function/definition.ts';
import { appIdOf } from '../../src/function/identity.ts';
import { AppPoll } from '../../src/runner/app_poll.ts';
import { eventually } from '../eventually.ts';
import { FakeClock } from '../fake_clock.ts';

function app(name: string, changes: Partial<AppDefinition> = {}): AppDefinition {
  return {
    ...{
      id: appIdOf(name),
      name,
      url: `http://localhost:3000/${name}`,
      sdkLanguage: 'js',
      sdkVersion: 'v4',
    },
    ...{
      framework: '',
      appVersion: '',
      method: 'serve',
      checksum: 'x',
      error: '',
      syncedAtMs: 0,
      functions: [],
    },
    ...changes,
  };
}

function stage(apps: readonly AppDefinition[], isPollingOn = true) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const warnings: string[] = [];
  const failures: Error[] = [];
  const poll = new AppPoll({
    ...{ clock, isPollingOn, intervalMs: 5_000 },
    log: { warn: (message) => void warnings.push(message) },
    registry: { apps: () => apps, refresh: async () => {} },
    sync: async (url) => {
      asked.push(url.slice('http://localhost:3000/'.length));
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
    },
  });
  const roundOver = () =>
    eventually(() => clock.pending === 1, { intervalMs: 1, what: 'the end of a round' });
  return { clock, asked, warnings, failures, poll, roundOver };
}

describe('the poll', () => {
  test('asks every served app at once and after each interval, each URL once', async () => {
    const apps = [app('a'), app('b'), app('b', { id: appIdOf('c'), name: 'c' })];
    const { clock, asked, poll, roundOver } = stage(apps);
    poll.start();
    await roundOver();
    expect(asked).toEqual(['a', 'b']);
    clock.advance(4_999);
    expect(asked).toHaveLength(2);
    clock.advance(1);
    await roundOver();
    expect(asked).toEqual(['a', 'b', 'a', 'b']);
    await poll.stop();
    expect(clock.pending).toBe(0);
  });

  test('leaves workers, durable endpoints and apps without a URL alone', async () => {
    const apps = [
      app('a', { method: 'connect' }),
      app('b', { method: 'api' }),
      app('c', { url: '' }),
    ];
    const { asked, poll, roundOver } = stage(apps);
    poll.start();
    await roundOver();
    expect(asked).toEqual([]);
    await poll.stop();
  });

  test('asks only apps with an error when polling is off', async () => {
    const { asked, poll, roundOver } = stage([app('a'), app('b', { error: 'unreachable' })], false);
    poll.start();
    await roundOver();
    expect(asked).toEqual(['b']);
    await poll.stop();
  });

  test('goes on after a failure, of which the log tells', async () => {
    const { clock, asked, warnings, failures, poll, roundOver } = stage([app('a'), app('b')]);
    failures.push(new Error('disk full'));
    poll.start();
    await roundOver();
    expect(asked).toEqual(['a', 'b']);
    expect(warnings).toEqual(['polling apps failed; trying again in 5000 ms']);
    clock.advance(5_000);
    await roundOver();
    expect(asked).toHaveLength(4);
    await poll.stop();
  });

  test('asks nobody after it was stopped', async () => {
    const { clock, asked, poll, roundOver } = stage([app('a')]);
    poll.start();
    await roundOver();
    await poll.stop();
    clock.advance(60_000);
    poll.start();
    expect(asked).toEqual(['a']);
  });
});
