/** Known path, wrong method: 405 with the methods that would have worked (http-api.md §0.4). */
import type { AnyElysia } from 'elysia';
import { wrongMethod } from './refusal.ts';

/** Adds the refusal to every path that `app` has routes for. Call it when all routes are in. */
export function refuseOtherMethods(app: AnyElysia): void {
  const methodsByPath = new Map<string, Set<string>>();
  for (const { method, path } of app.routes) {
    const methods = methodsByPath.get(path) ?? new Set<string>();
    methodsByPath.set(path, methods.add(method));
  }
  for (const [path, methods] of methodsByPath) {
    if (methods.has('ALL')) continue;
    // Elysia answers HEAD from the GET route by itself.
    if (methods.has('GET')) methods.add('HEAD');
    const allow = [...methods].sort().join(', ');
    app.all(path, () => wrongMethod(path, allow), { parse: 'none' });
  }
}
