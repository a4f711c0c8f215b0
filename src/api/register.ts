/**
 * `POST /fn/register` and `DELETE /fn/remove`, free of any web framework (sdk-http-protocol.md §1.6).
 *
 * Every error body has a string `error` and a numeric `status`, because JS SDKs read those two and nothing
 * else, not even the HTTP status (§1.6.5). What is wrong with which function stands in `error` in words and
 * in `data.errors` in full.
 */
import type { AppDefinition } from '../function/definition.ts';
import { documentApp } from '../function/document_app.ts';
import { type ReadRegistration, readRegistration } from '../function/registration.ts';
import type { ValidationError } from '../function/validation_error.ts';
import type { Logger } from '../lib/logger.ts';
import { AppContentionError, type Registry } from '../state/registry.ts';

export interface RegisterDeps {
  readonly kind: 'dev' | 'cloud';
  readonly registry: Pick<Registry, 'app' | 'appByUrl' | 'sync' | 'setError'>;
  readonly log: Pick<Logger, 'warn' | 'info'>;
}

export interface Reply {
  readonly status: number;
  /** JSON; null is an empty body. */
  readonly body: Readonly<Record<string, unknown>> | null;
}

/** Problems told in `error` itself; all of them are in `data.errors`. */
const problemsToldMax = 5;

/** Registers an app. Throws `StoreUnavailableError` when that cannot be made durable. */
export async function handleRegister(
  headers: Headers,
  bodyText: string,
  deps: RegisterDeps,
): Promise<Reply> {
  const expected = headers.get('x-inngest-expected-server-kind') ?? '';
  if (expected !== '' && expected !== deps.kind) {
    return refuse(400, `Expected server kind ${deps.kind}, got ${expected}`);
  }
  let document: unknown;
  try {
    document = JSON.parse(bodyText);
  } catch (error) {
    return refuse(400, `Invalid request: ${error instanceof Error ? error.message : error}`);
  }
  const read = readRegistration(document);
  return read.ok ? register(read, deps) : refuseRegistration(read, deps);
}

/** Forgets the app at a URL, as the query or form field `url` gives it. */
export async function handleRemove(
  url: string | null,
  { registry }: { readonly registry: Pick<Registry, 'remove'> },
): Promise<Reply> {
  // Apps that registered no URL are not what an empty field means.
  if (url !== null && url.trim() !== '' && (await registry.remove(url)))
    return { status: 200, body: null };
  return refuse(404, `App not found: ${url ?? ''}`);
}

async function register(
  { registration }: Extract<ReadRegistration, { ok: true }>,
  { registry, log }: RegisterDeps,
): Promise<Reply> {
  const { name, sdkLanguage, sdkVersion, warnings } = registration;
  try {
    const { modified, appId, syncId } = await registry.sync(registration);
    if (modified) {
      for (const warning of warnings) log.warn(`app ${name}: ${warning}`);
      if (isInsecureSdk(sdkLanguage, sdkVersion)) {
        log.warn(
          `app ${name} uses SDK ${sdkVersion}, which has a known vulnerability; update to v3.54.0`,
        );
      }
      log.info('app synced', { app: name, functions: registration.functions.length });
    }
    return { status: 200, body: { ok: true, modified, sync_id: syncId, app_id: appId } };
  } catch (error) {
    if (error instanceof AppContentionError) return refuse(503, error.message);
    throw error;
  }
}

async function refuseRegistration(
  { reason, appName, url, errors }: Extract<ReadRegistration, { ok: false }>,
  { registry, log }: RegisterDeps,
): Promise<Reply> {
  // Python answers the ping with 200 even now, so the app's error has to be noted here (§1.3).
  // Who only claims the name of the documents' app has no part in it.
  const named = appName === documentApp ? null : registry.app(appName);
  const app: AppDefinition | null = named ?? (url === '' ? null : registry.appByUrl(url));
  if (app !== null && reason !== 'no_app_name') await registry.setError(app.id, 'invalid_function');
  const message = messageOf(reason, errors);
  log.warn('app refused', { app: appName, url, reason: message });
  return refuse(400, message, { errors });
}

function messageOf(
  reason: 'malformed' | 'no_app_name' | 'invalid',
  errors: readonly ValidationError[],
): string {
  if (reason === 'no_app_name') return 'App ID required';
  const told = errors.slice(0, problemsToldMax).map(({ functionSlug, path, message }) => {
    const of = functionSlug === '' ? '' : ` (${functionSlug})`;
    return `${path === '' ? 'body' : path}${of}: ${message}`;
  });
  const more = errors.length - told.length;
  const list = told.join('; ') + (more > 0 ? `; and ${more} more` : '');
  return reason === 'malformed'
    ? `Invalid request: ${list}`
    : `At least one function is invalid: ${list}`;
}

function refuse(
  status: number,
  error: string,
  data: Readonly<Record<string, unknown>> | null = null,
): Reply {
  return { status, body: { error, data, status } };
}

/** JS 3.22.0 to 3.53.1. Whether to allow them is the operator's choice, who is told. */
function isInsecureSdk(language: string, version: string): boolean {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  if (!/^(inngest-)?js$/.test(language) || major !== '3') return false;
  const [release, fix] = [Number(minor), Number(patch)];
  return release >= 22 && (release < 53 || (release === 53 && fix <= 1));
}
