/** The synced apps as the doors see them; a sync is remembered and changes nothing. */
import type { AppRegistry } from '../../src/api/app_registry.ts';
import type { AppDefinition } from '../../src/function/definition.ts';
import type { Registration } from '../../src/function/registration.ts';

export interface FakeRegistry extends AppRegistry {
  readonly synced: readonly Registration[];
  readonly errors: readonly string[];
  /** Ids of apps that were removed one by one. */
  readonly removed: readonly string[];
}

export function fakeRegistry(apps: readonly AppDefinition[]): FakeRegistry {
  const functions = apps.flatMap((app) => app.functions);
  const synced: Registration[] = [];
  const errors: string[] = [];
  const removed: string[] = [];
  return {
    synced,
    errors,
    removed,
    apps: () => apps,
    app: (name) => apps.find((app) => app.name === name) ?? null,
    appById: (id) => apps.find((app) => app.id === id) ?? null,
    functions: () => functions,
    appByUrl: (url) => apps.find((app) => app.url === url) ?? null,
    functionBySlug: (slug) => functions.find((fn) => fn.slug === slug) ?? null,
    functionById: (id) => functions.find((fn) => fn.id === id) ?? null,
    sync: async (registration) => {
      synced.push(registration);
      return { modified: true, appId: apps[0]?.id ?? noAppId, syncId: 'sync-1' };
    },
    refresh: async () => undefined,
    setError: async (_, error) => void errors.push(error),
    removeApp: async (id) => {
      removed.push(id);
      return apps.some((app) => app.id === id);
    },
    remove: async (url) => apps.some((app) => app.url === url),
  };
}

/** A brand is what its maker says it is; here the test is the maker. */
const noAppId = '00000000-0000-0000-0000-000000000000' as AppDefinition['id'];
