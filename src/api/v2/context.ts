/** What the routes of /v2 work with. */
import type { AppDefinition, FunctionDefinition } from '../../function/definition.ts';
import { isUlid } from '../../lib/ulid.ts';
import type { Registry } from '../../state/registry.ts';
import { findApp, findFunction } from '../function_name.ts';
import { Problem } from '../problem.ts';
import type { Services } from '../services.ts';

export interface V2Context {
  readonly services: Services;
  readonly registry: Pick<Registry, 'apps' | 'app' | 'appById' | 'functionById' | 'refresh'>;
}

/** Throws `Problem` 404. */
export async function appOf({ registry }: V2Context, name: string): Promise<AppDefinition> {
  const app = await findApp(registry, name);
  if (app === null) throw new Problem(404, 'App not found');
  return app;
}

/** Throws `Problem` 404. */
export async function functionOf(
  { registry }: V2Context,
  appName: string,
  name: string,
): Promise<FunctionDefinition> {
  const fn = await findFunction(registry, appName, name);
  if (fn === null) throw new Problem(404, 'Function not found');
  return fn;
}

/** Throws `Problem` 400; `what` is `Run ID` or the like. */
export function ulidNamed(text: string, what: string): string {
  const id = text.toUpperCase();
  if (isUlid(id)) return id;
  throw new Problem(400, `${what} must be a valid ULID`, { code: 'invalid_field_format' });
}
