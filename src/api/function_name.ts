/** How people name apps and functions in requests: by name or UUID, by short id, full slug or UUID. */
import type { AppDefinition, FunctionDefinition } from '../function/definition.ts';
import type { Registry } from '../state/registry.ts';

export type NamedApps = Pick<Registry, 'app' | 'appById' | 'apps' | 'refresh'>;

/** Null when there is no such app. */
export function appNamed(registry: NamedApps, name: string): AppDefinition | null {
  return registry.app(name) ?? registry.appById(name.toLowerCase());
}

/** As `appNamed`; another process may have registered the app a moment ago. */
export async function findApp(registry: NamedApps, name: string): Promise<AppDefinition | null> {
  const app = appNamed(registry, name);
  if (app !== null) return app;
  await registry.refresh();
  return appNamed(registry, name);
}

export function functionNamed(app: AppDefinition, name: string): FunctionDefinition | null {
  const byId = ({ id, slug }: FunctionDefinition): boolean =>
    slug === `${app.name}-${name}` || slug === name || id === name.toLowerCase();
  return app.functions.find(byId) ?? null;
}

export async function findFunction(
  registry: NamedApps,
  appName: string,
  name: string,
): Promise<FunctionDefinition | null> {
  const find = (): FunctionDefinition | null => {
    const app = appNamed(registry, appName);
    return app === null ? null : functionNamed(app, name);
  };
  const found = find();
  if (found !== null) return found;
  await registry.refresh();
  return find();
}

/** The slug without the app's name, as /v2 calls a function. */
export function shortSlug(slug: string, appName: string): string {
  return slug.startsWith(`${appName}-`) ? slug.slice(appName.length + 1) : slug;
}
