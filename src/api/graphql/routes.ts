/**
 * `/v0/gql`: the GraphQL door (reference/graphql.md §1). In `start` it asks for the signing key, as the other doors
 * to history do; the original leaves it open. `/v0` is a page to try it with.
 */
import { Elysia } from 'elysia';
import type { AppRegistry } from '../app_registry.ts';
import { requireSigningKey } from '../auth.ts';
import type { ErrorLog } from '../problem.ts';
import type { Services } from '../services.ts';
import type { GraphqlDoor } from './door.ts';
import { explorerPage } from './explorer.ts';

/** Answers whatever the store does; what changes something waits for `services.settled` itself. */
export function graphqlRoutes(services: Services, registry: AppRegistry, log: ErrorLog) {
  let door: Promise<GraphqlDoor> | null = null;
  const answer = async (request: Request): Promise<Response> => {
    door ??= import('./door.ts').then(({ graphqlDoor }) => graphqlDoor(services, registry, log));
    return (await door).answer(request);
  };
  const page = (): Response => explorerPage();
  const guarded = new Elysia()
    .onBeforeHandle(requireSigningKey(services))
    .get('/v0/gql', ({ request }) => answer(request))
    .post('/v0/gql', ({ request }) => answer(request), { parse: 'none' });
  return new Elysia().get('/v0', page).get('/v0/', page).use(guarded);
}
