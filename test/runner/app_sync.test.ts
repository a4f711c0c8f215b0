import { beforeEach, describe, expect, test } from 'bun:test';
import type { PingOutcome } from '../../src/driver/ping.ts';
import { readRegistration } from '../../src/function/registration.ts';
import { syncApp } from '../../src/runner/app_sync.ts';
import { Registry } from '../../src/state/registry.ts';
import { openEmbeddedStore } from '../../src/store/embedded/engine.ts';
import { FakeClock } from '../fake_clock.ts';
import { sampleDocument, sampleFunction } from '../function/sample.ts';

const url = 'http://localhost:3000/api/inngest';
let registry: Registry;

beforeEach(async () => {
  const clock = new FakeClock();
  registry = new Registry(await openEmbeddedStore({ dataDir: null, clock }), clock);
  await registry.load();
});

const synced = { kind: 'synced', isSdk: true, status: 200 } as const;

function failed(error: string, isSdk: boolean): PingOutcome {
  return { kind: 'failed', error, detail: `${error} in words`, isSdk };
}

async function register(): Promise<void> {
  const read = readRegistration(sampleDocument());
  if (!read.ok) throw new Error('the sample is invalid');
  await registry.sync(read.registration);
}

function inBand(functions: readonly unknown[]): PingOutcome {
  const body = {
    app_id: 'shop',
    sdk_language: 'js',
    sdk_version: '4.18.1',
    framework: 'express',
    functions,
  };
  return { ...synced, inBand: body };
}

describe('syncing an app', () => {
  test('lets it register itself while it is asked', async () => {
    const ping = async () => {
      await register();
      return synced;
    };
    expect(await syncApp(url, { registry, ping })).toEqual({ kind: 'synced' });
    expect(registry.app('shop')?.error).toBe('');
  });

  test('takes its functions from the answer when they are there, as if they had been posted', async () => {
    const outcome = await syncApp(url, { registry, ping: async () => inBand([sampleFunction()]) });
    expect(outcome).toEqual({ kind: 'synced' });
    const before = registry.app('shop');
    expect(before?.functions).toHaveLength(1);
    await register();
    expect(registry.app('shop')).toBe(before);
  });

  test('notes an answer whose functions are invalid', async () => {
    const outcome = await syncApp(url, {
      registry,
      ping: async () => inBand([sampleFunction({ steps: {} })]),
    });
    expect(outcome).toMatchObject({ kind: 'failed', error: 'invalid_function' });
    expect(outcome.kind === 'failed' && outcome.detail).toContain('functions[0].steps: ');
    expect(registry.appByUrl(url)?.error).toBe('invalid_function');
  });

  test('notes why a known app could not be synced, and clears it when it can', async () => {
    await register();
    const outcome = await syncApp(url, {
      registry,
      ping: async () => failed('unreachable', false),
    });
    expect(outcome).toEqual({
      kind: 'failed',
      error: 'unreachable',
      detail: 'unreachable in words',
    });
    expect(registry.app('shop')?.error).toBe('unreachable');
    await syncApp(url, { registry, ping: async () => synced });
    expect(registry.app('shop')?.error).toBe('');
  });

  test('keeps the error that the app’s own registration met during the ping', async () => {
    await register();
    const id = registry.app('shop')?.id;
    if (id === undefined) throw new Error('no app');
    const ping = async () => {
      await registry.setError(id, 'invalid_function');
      return synced;
    };
    for (const round of ['first', 'second']) {
      await syncApp(url, { registry, ping });
      expect([round, registry.app('shop')?.error]).toEqual([round, 'invalid_function']);
    }
  });

  test('shows an SDK with a problem, but not a closed port', async () => {
    await syncApp(url, { registry, ping: async () => failed('unreachable', false) });
    expect(registry.apps()).toEqual([]);
    await syncApp(url, { registry, ping: async () => failed('unauthorized', true) });
    expect(registry.apps()).toMatchObject([{ name: '', url, error: 'unauthorized' }]);
  });
});
