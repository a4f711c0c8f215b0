/** The apps' scripts, code by code (lua/app*.lua). */
import { beforeEach, describe, expect, test } from 'bun:test';
import { fields, listenFor, type StoreUnderTest, scores } from '../../store_under_test.ts';
import { conformance } from './suite.ts';

interface Put {
  readonly app?: string;
  readonly revision: number;
  readonly definition?: string;
  readonly nowMs?: number;
  readonly archivedMax?: number;
  readonly left?: readonly string[];
  readonly returned?: readonly string[];
  readonly placeholders?: readonly string[];
}

conformance('apps', (engine) => {
  let under: StoreUnderTest;
  let store: StoreUnderTest['store'];

  beforeEach(async () => {
    under = await engine.open();
    store = under.store;
  });

  const functionArgs = (ids: readonly string[]) => [
    ids.length,
    ...ids.flatMap((id) => [id, `{"id":"${id}"}`]),
  ];

  const put = ({ app = 'shop', revision, definition = '{}', ...rest }: Put) => {
    const { nowMs = 1_000, archivedMax = 10, left = [], returned = [], placeholders = [] } = rest;
    return store.run('app_put', [
      ...[app, revision, definition, nowMs, archivedMax],
      ...functionArgs(left),
      ...[returned.length, ...returned],
      ...[placeholders.length, ...placeholders],
    ]);
  };
  const remove = (app: string, revision: number, functions: readonly string[] = []) =>
    store.run('app_remove', [app, revision, 2_000, 10, ...functionArgs(functions)]);

  describe('app_put', () => {
    test('{1, revision}: stores an app; revisions rise with every change of any app', async () => {
      expect(await put({ revision: 0, definition: '{"n":1}' })).toEqual([1, 1]);
      expect(await put({ app: 'other', revision: 0 })).toEqual([1, 2]);
      expect(await put({ revision: 1, definition: '{"n":2}' })).toEqual([1, 3]);
      expect(await fields(under, 'apps')).toEqual({ shop: '{"n":2}', other: '{}' });
      expect(await fields(under, 'apps:revision')).toEqual({ shop: '3', other: '2' });
    });

    test('{0, revision}: who has not seen the latest change stores nothing', async () => {
      expect(await put({ revision: 7 })).toEqual([0, 0]);
      await put({ revision: 0 });
      const before = await under.dump();
      expect(await put({ revision: 0, left: ['f'], placeholders: ['shop'] })).toEqual([0, 1]);
      expect(await under.dump()).toEqual(before);
    });

    test('archives the functions that left and takes out those that are back', async () => {
      await put({ revision: 0, left: ['a', 'b'], nowMs: 5 });
      expect(await fields(under, 'apps:archived')).toEqual({ a: '{"id":"a"}', b: '{"id":"b"}' });
      expect(await scores(under, 'apps:archive-order')).toEqual({ a: 5, b: 5 });
      await put({ revision: 1, returned: ['a'] });
      expect(await fields(under, 'apps:archived')).toEqual({ b: '{"id":"b"}' });
      expect(await scores(under, 'apps:archive-order')).toEqual({ b: 5 });
    });

    test('keeps the newest of the archived functions', async () => {
      await put({ revision: 0, left: ['old', 'older'], nowMs: 5, archivedMax: 3 });
      await put({ revision: 1, left: ['new', 'newer'], nowMs: 6, archivedMax: 3 });
      expect(await scores(under, 'apps:archive-order')).toEqual({ older: 5, new: 6, newer: 6 });
      expect(Object.keys(await fields(under, 'apps:archived')).sort()).toEqual([
        'new',
        'newer',
        'older',
      ]);
    });

    test('removes the placeholders whose place it takes', async () => {
      await put({ app: 'placeholder', revision: 0 });
      await put({ revision: 0, placeholders: ['placeholder', 'missing'] });
      expect(await fields(under, 'apps')).toEqual({ shop: '{}' });
      expect(await fields(under, 'apps:revision')).toEqual({ shop: '2' });
    });

    test('says that apps have changed, when they have', async () => {
      const heard = await listenFor(under, 'apps');
      await put({ revision: 0 });
      await put({ revision: 0 });
      await remove('shop', 1);
      await remove('shop', 1);
      expect(await heard()).toEqual(['1', '2']);
    });
  });

  describe('app_remove', () => {
    test('{1, changes}: removes the app and archives its functions', async () => {
      await put({ revision: 0 });
      expect(await remove('shop', 1, ['a'])).toEqual([1, 2]);
      expect(await under.keys()).toEqual(['apps:archive-order', 'apps:archived', 'apps:changes']);
      expect(await scores(under, 'apps:archive-order')).toEqual({ a: 2_000 });
    });

    test('{0, revision}: an app that has changed since stays', async () => {
      await put({ revision: 0 });
      await put({ revision: 1 });
      const before = await under.dump();
      expect(await remove('shop', 1, ['a'])).toEqual([0, 2]);
      expect(await under.dump()).toEqual(before);
    });

    test('a revision does not come back with an app that is added again', async () => {
      await put({ revision: 0 });
      await remove('shop', 1);
      expect(await put({ revision: 1 })).toEqual([0, 0]);
      expect(await put({ revision: 0 })).toEqual([1, 3]);
    });
  });

  describe('apps_load', () => {
    test('{changes}: nothing is new to who has seen it all', async () => {
      expect(await store.run('apps_load', [0])).toEqual([0]);
      await put({ revision: 0 });
      expect(await store.run('apps_load', [1])).toEqual([1]);
    });

    test('{changes, apps, archived}: one picture of everything', async () => {
      expect(await store.run('apps_load', [-1])).toEqual([0, [], []]);
      await put({ revision: 0, definition: '{"grüße":"𝄞"}', left: ['gone'] });
      expect(await store.run('apps_load', [0])).toEqual([
        1,
        ['shop', 1, '{"grüße":"𝄞"}'],
        ['{"id":"gone"}'],
      ]);
    });
  });
});
