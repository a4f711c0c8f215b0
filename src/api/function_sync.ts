/** The routes of `/fn/register` and `/fn/remove`; what they do is in `register.ts`. */
import { Elysia } from 'elysia';
import type { Registry } from '../state/registry.ts';
import { empty, json } from './answer.ts';
import { requireSigningKey } from './auth.ts';
import { mebibyte, readText } from './body.ts';
import { readFields } from './form.ts';
import { retryAfterSeconds } from './problem.ts';
import { handleRegister, handleRemove, type RegisterDeps, type Reply } from './register.ts';
import type { Services } from './services.ts';

/** A thousand functions of the largest kind need a few MiB. */
const registrationBytesMax = 16 * mebibyte;

type SyncRegistry = RegisterDeps['registry'] & Pick<Registry, 'remove'>;

export function functionSyncRoutes(
  services: Services,
  registry: SyncRegistry,
  log: RegisterDeps['log'],
) {
  const deps = { kind: services.kind, registry, log };
  return new Elysia()
    .onBeforeHandle(requireSigningKey(services))
    .post(
      '/fn/register',
      async ({ request }) => {
        const text = await readText(request, registrationBytesMax);
        return responseOf(await handleRegister(request.headers, text, deps));
      },
      { parse: 'none' },
    )
    .delete(
      '/fn/remove',
      async ({ request }) => {
        const url = (await readFields(request)).get('url');
        return responseOf(await handleRemove(url, deps));
      },
      { parse: 'none' },
    );
}

function responseOf({ status, body }: Reply): Response {
  if (body === null) return empty(status);
  const headers: Record<string, string> =
    status === 503 ? { 'retry-after': String(retryAfterSeconds) } : {};
  return json(body, { status, headers });
}
