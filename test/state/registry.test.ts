import { beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Registration, readRegistration } from '../../src/function/registration.ts';
import { Registry } from '../../src/state/registry.ts';
import { openEmbeddedStore } from '../../src/store/embedded/engine.ts';
import type { Store } from '../../src/store/store.ts';
import { FakeClock } from '../fake_clock.ts';
import { sampleDocument, sampleFunction } from '../function/sample.ts';
import { onEachEngine } from '../store_under_test.ts';

const clock = new FakeClock();
let store: Store;
let registry: Registry;

beforeEach(async () => {
  store = await openEmbeddedStore({ dataDir: null, clock });
  registry = await opened(store);
});

async function opened(on: Store): Promise<Registry> {
  const made = new Registry(on, clock);
  await made.load();
  return made;
}

function registration(
  functions: readonly unknown[] = [sampleFunction()],
  changes: Readonly<Record<string, unknown>> = {},
): Registration {
  const read = readRegistration(sampleDocument(functions, changes));
  if (!read.ok) throw new Error(JSON.stringify(read.errors));
  return read.registration;
}

const pay = sampleFunction();
const refund = sampleFunction({
  id: 'shop-refund',
  name: 'Refund',
  triggers: [{ event: 'order/voided' }],
});

describe('a sync', () => {
  test('makes an app and its functions known', async () => {
    const { modified, appId, syncId } = await registry.sync(registration());
    expect(modified).toBe(true);
    expect(syncId).toMatch(/^[0-9a-f-]{36}$/);
    expect(registry.app('shop')).toMatchObject({
      id: appId,
      name: 'shop',
      error: '',
      syncedAtMs: clock.now(),
    });
    const fn = registry.functionBySlug('shop-pay');
    expect(fn).toMatchObject({ appId, appName: 'shop', version: 1, name: 'Pay' });
    expect(registry.functionById(fn?.id ?? '')).toBe(fn);
    expect(registry.appById(appId)?.name).toBe('shop');
    expect(registry.appByUrl('http://127.0.0.1:3000/api/inngest?deployId=9')?.name).toBe('shop');
  });

  test('that changes nothing says so, with a fresh sync id', async () => {
    const first = await registry.sync(registration());
    const second = await registry.sync(registration());
    expect(second.modified).toBe(false);
    expect(second.syncId).not.toBe(first.syncId);
    expect(registry.functionBySlug('shop-pay')?.version).toBe(1);
  });

  test('that changes something keeps function ids and raises versions, also at another URL', async () => {
    await registry.sync(registration([pay, refund]));
    const before = registry.functions();
    const moved = { url: 'http://localhost:4000/api/inngest' };
    const steps = {
      step: { name: 'step', runtime: { url: 'http://localhost:4000/api/inngest?fnId=shop-pay' } },
    };
    expect(
      (await registry.sync(registration([{ ...pay, name: 'Pay now', steps }, refund], moved)))
        .modified,
    ).toBe(true);
    const after = registry.functions();
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(after.map(({ version }) => version)).toEqual([2, 2]);
    expect(registry.apps()).toHaveLength(1);
  });

  test('archives functions that it lacks: not triggered any more, but still known to have been', async () => {
    await registry.sync(registration([pay, refund]));
    const gone = registry.functionBySlug('shop-refund');
    await registry.sync(registration([pay]));
    expect(registry.functionBySlug('shop-refund')).toBeNull();
    expect(registry.functionById(gone?.id ?? '')).toBeNull();
    expect(registry.functionsTriggeredBy('order/voided')).toEqual([]);
    expect(registry.removedFunctionById(gone?.id ?? '')).toEqual(gone);
  });

  test('gives a function that comes back its id and the next version', async () => {
    await registry.sync(registration([pay, refund]));
    const gone = registry.functionBySlug('shop-refund');
    await registry.sync(registration([pay]));
    await registry.sync(registration([pay, refund]));
    const back = registry.functionBySlug('shop-refund');
    expect(back?.id).toBe(gone?.id);
    expect(back?.version).toBe(2);
    expect(registry.removedFunctionById(gone?.id ?? '')).toBeNull();
  });

  test('never gives two functions one id, even when name and URL are the same', async () => {
    await registry.sync(registration([pay]));
    await registry.sync(registration([{ ...pay, id: 'other-pay' }], { appName: 'other' }));
    const ids = registry.functions().map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
  });

  test('takes the place of the placeholder at its URL', async () => {
    const placeholder = await registry.addPlaceholder('http://127.0.0.1:3000/api/inngest');
    expect(placeholder).toMatchObject({ name: '', error: 'unreachable' });
    await registry.sync(registration());
    expect(registry.apps().map(({ name }) => name)).toEqual(['shop']);
    expect((await opened(store)).apps()).toHaveLength(1);
  });

  test('of many apps at once loses none', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `app${index}`);
    await Promise.all(names.map((appName) => registry.sync(registration([], { appName }))));
    expect(
      (await opened(store))
        .apps()
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...names].sort());
  });
});

describe('errors', () => {
  test('are noted, and cleared by a sync that goes well', async () => {
    const { appId } = await registry.sync(registration());
    await registry.setError(appId, 'unreachable');
    expect(registry.app('shop')?.error).toBe('unreachable');
    expect((await opened(store)).app('shop')?.error).toBe('unreachable');
    expect((await registry.sync(registration())).modified).toBe(true);
    expect(registry.app('shop')?.error).toBe('');
    expect(registry.functionBySlug('shop-pay')?.version).toBe(1);
  });

  test('are cleared only when nothing has happened since they were seen', async () => {
    const { appId } = await registry.sync(registration());
    await registry.setError(appId, 'unreachable');
    const seen = registry.app('shop');
    if (seen === null) throw new Error('no app');
    await registry.setError(appId, 'unreachable');
    await registry.clearError(seen);
    expect(registry.app('shop')?.error).toBe('unreachable');
    const current = registry.app('shop');
    if (current === null) throw new Error('no app');
    await registry.clearError(current);
    expect(registry.app('shop')?.error).toBe('');
  });

  test('of an app that is not known are nobody’s', async () => {
    const { appId } = await registry.sync(registration());
    await registry.removeApp(appId);
    await registry.setError(appId, 'unreachable');
    expect(registry.apps()).toEqual([]);
  });
});

describe('removal', () => {
  test('forgets the app at a URL and archives its functions', async () => {
    await registry.sync(registration());
    const fn = registry.functionBySlug('shop-pay');
    expect(await registry.remove('http://0.0.0.0:3000/api/inngest')).toBe(true);
    expect(registry.apps()).toEqual([]);
    expect(registry.functionsTriggeredBy('order/placed')).toEqual([]);
    expect(registry.removedFunctionById(fn?.id ?? '')?.slug).toBe('shop-pay');
    expect(await registry.remove('http://localhost:3000/api/inngest')).toBe(false);
    expect((await opened(store)).removedFunctionById(fn?.id ?? '')?.slug).toBe('shop-pay');
  });

  test('and a new sync give the same ids', async () => {
    await registry.sync(registration());
    const before = registry.functionBySlug('shop-pay');
    await registry.remove('http://localhost:3000/api/inngest');
    await registry.sync(registration());
    expect(registry.functionBySlug('shop-pay')?.id).toBe(before?.id);
    expect(registry.functionBySlug('shop-pay')?.version).toBe(2);
  });
});

describe('a restart', () => {
  test('loses neither apps, nor errors, nor removed functions', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'registry-'));
    try {
      const before = await openEmbeddedStore({ dataDir, clock });
      const first = await opened(before);
      const { appId } = await first.sync(registration([pay, refund]));
      await first.sync(registration([pay]));
      await first.setError(appId, 'unreachable');
      await before.close();

      const after = await openEmbeddedStore({ dataDir, clock });
      const second = await opened(after);
      expect(second.apps()).toEqual(first.apps());
      expect(second.functionsTriggeredBy('order/placed')).toHaveLength(1);
      await second.sync(registration([pay, refund]));
      expect(second.functionBySlug('shop-refund')?.version).toBe(2);
      await after.close();
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  });
});

onEachEngine((engine) => {
  describe('two processes on one store', () => {
    let store: Store;
    let registry: Registry;
    let other: Registry;

    beforeEach(async () => {
      const under = await engine.open();
      store = under.store;
      registry = await opened(store);
      other = await opened(await under.another());
    });

    test('see each other’s changes after a refresh', async () => {
      await registry.sync(registration());
      expect(other.apps()).toEqual([]);
      await other.refresh();
      expect(other.functionBySlug('shop-pay')?.version).toBe(1);
    });

    test('never overwrite each other: the slower one decides anew', async () => {
      await registry.sync(registration([pay]));
      await other.refresh();
      await registry.sync(registration([pay, refund]));
      await other.sync(registration([{ ...pay, name: 'Pay again' }]));
      expect(other.functionBySlug('shop-pay')?.version).toBe(3);
      await registry.refresh();
      expect(registry.functionBySlug('shop-pay')?.name).toBe('Pay again');
      expect(registry.functionBySlug('shop-refund')).toBeNull();
    });

    test('do not bring back an app that was removed', async () => {
      const { appId } = await registry.sync(registration());
      await other.refresh();
      await registry.removeApp(appId);
      await other.setError(appId, 'unreachable');
      expect(other.apps()).toEqual([]);
      expect((await opened(store)).apps()).toEqual([]);
    });
  });
});

describe('triggers', () => {
  const wide = sampleFunction({
    id: 'shop-wide',
    name: 'Wide',
    triggers: [
      { event: 'order/*', expression: 'event.data.total > 5' },
      { cron: '0 7 * * *', jitter: '30s' },
      { event: 'order/placed' },
    ],
  });

  test('are found by name and by wildcard, in declared order per function', async () => {
    await registry.sync(registration([wide, pay]));
    const found = registry.functionsTriggeredBy('order/placed');
    expect(found.map(({ fn, triggerExpression }) => [fn.slug, triggerExpression])).toEqual([
      ['shop-wide', 'event.data.total > 5'],
      ['shop-wide', undefined],
      ['shop-pay', undefined],
    ]);
    expect(registry.functionsTriggeredBy('order/other')).toHaveLength(1);
    expect(registry.functionsTriggeredBy('user/other')).toEqual([]);
    expect(registry.functionsTriggeredBy('order/placed')).toBe(found);
  });

  test('of cron functions carry their schedule', async () => {
    await registry.sync(registration([wide, pay]));
    expect(registry.cronFunctions().map(({ fn, cron, jitter }) => [fn.slug, cron, jitter])).toEqual(
      [['shop-wide', '0 7 * * *', '30s']],
    );
  });

  test('listeners hear of each change until they stop', async () => {
    let heard = 0;
    const stop = registry.onChange(() => {
      heard += 1;
    });
    await registry.sync(registration());
    await registry.sync(registration());
    expect(heard).toBe(1);
    stop();
    await registry.remove('http://localhost:3000/api/inngest');
    expect(heard).toBe(1);
  });
});
