/**
 * Syncs one app: asks it to register, and notes in the registry what came of it (sdk-http-protocol.md §1.3).
 * Most apps answer by posting to `/fn/register` while they are being asked; some have their functions in
 * the answer itself (§1.4).
 */
import type { PingOutcome } from '../driver/ping.ts';
import type { AppDefinition } from '../function/definition.ts';
import { documentOfInBand } from '../function/in_band.ts';
import { readRegistration } from '../function/registration.ts';
import { normalizeUrl } from '../function/url.ts';
import type { Registry } from '../state/registry.ts';

export interface AppSyncParts {
  readonly registry: Pick<Registry, 'apps' | 'sync' | 'setError' | 'clearError' | 'addPlaceholder'>;
  /** `pingApp` with the server's options. */
  readonly ping: (url: string) => Promise<PingOutcome>;
}

export type AppSyncOutcome =
  | { readonly kind: 'synced' }
  | {
      readonly kind: 'failed';
      /** What the app's error is now. */
      readonly error: string;
      /** What happened and what to do. */
      readonly detail: string;
    };

/** Throws only what the registry throws. */
export async function syncApp(
  url: string,
  { registry, ping }: AppSyncParts,
): Promise<AppSyncOutcome> {
  const normal = normalizeUrl(url);
  const appsThere = (): AppDefinition[] => registry.apps().filter((app) => app.url === normal);
  const before = appsThere();
  const outcome = await ping(normal);
  if (outcome.kind === 'synced' && outcome.inBand !== undefined) {
    const failure = await register(outcome.inBand, normal, registry);
    if (failure === null) return { kind: 'synced' };
    await noteError(failure.error, true);
    return failure;
  }
  if (outcome.kind === 'synced') {
    // Python says 200 even when `/fn/register` has refused it during this ping. That has changed the app,
    // and clearError leaves changed apps alone.
    for (const app of before) await registry.clearError(app);
    return { kind: 'synced' };
  }
  await noteError(outcome.error, outcome.isSdk);
  return { kind: 'failed', error: outcome.error, detail: outcome.detail };

  async function noteError(error: string, isSdk: boolean): Promise<void> {
    const there = appsThere();
    for (const app of there) await registry.setError(app.id, error);
    // An SDK with a problem is worth showing; a closed port is not an app.
    if (there.length === 0 && isSdk) await registry.addPlaceholder(normal, error);
  }
}

async function register(
  body: Readonly<Record<string, unknown>>,
  url: string,
  registry: AppSyncParts['registry'],
): Promise<Extract<AppSyncOutcome, { kind: 'failed' }> | null> {
  const read = readRegistration(documentOfInBand(body, url));
  if (read.ok) {
    await registry.sync(read.registration);
    return null;
  }
  const detail = read.errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return { kind: 'failed', error: 'invalid_function', detail };
}
