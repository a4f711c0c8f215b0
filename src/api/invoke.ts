/**
 * `POST /invoke/{slug}`: starts exactly one function and does not wait for it (http-api.md §1.8). In
 * `start` it asks for the signing key: the original takes no key, so that everybody who reaches the server can start
 * everything. A slug that names no function is 404 here: the original accepts the event, and nothing ever happens.
 */
import { Elysia } from 'elysia';
import { parseInvocation } from '../event/invocation.ts';
import { eventBytesMax } from '../event/parse.ts';
import { parseSeed, seedHeader } from '../event/seed.ts';
import type { Registry } from '../state/registry.ts';
import { json } from './answer.ts';
import { requireSigningKey } from './auth.ts';
import { readText } from './body.ts';
import { overloaded, Problem } from './problem.ts';
import type { Services } from './services.ts';
import { traced } from './traced.ts';

/** Seeds count from zero here and from one on `/e` (§1.6). */
const keyIndexBase = 0;

type Functions = Pick<Registry, 'functionBySlug' | 'functionById' | 'refresh'>;

export function invokeRoutes(services: Services, functions: Functions) {
  return new Elysia()
    .onBeforeHandle(requireSigningKey(services))
    .post(
      '/invoke/:slug',
      ({ request, params }) => invoke(request, params.slug ?? '', services, functions),
      { parse: 'none' },
    );
}

async function invoke(
  request: Request,
  slug: string,
  services: Services,
  functions: Functions,
): Promise<Response> {
  if (services.intake.isOverloaded()) throw overloaded();
  await requireFunction(slug, functions);
  const text = await readText(request, eventBytesMax);
  return json({ id: await accepted({ text, slug, request }, services), status: 200 });
}

export interface Invocation {
  /** JSON of an event object; its name counts for nothing. */
  readonly text: string;
  /** Slug or id of the function. */
  readonly slug: string;
  /** Headers may seed the event's id and carry a trace on. */
  readonly request: Request;
}

/**
 * Starts exactly one function; resolves with the id of the event that does. Throws `Problem` 400 for a bad event,
 * 404 for an unknown function and 503 while the server is overloaded.
 */
export async function acceptInvocation(
  invocation: Invocation,
  services: Services,
  functions: Functions,
): Promise<string> {
  if (services.intake.isOverloaded()) throw overloaded();
  await requireFunction(invocation.slug, functions);
  return await accepted(invocation, services);
}

async function accepted(
  { text, slug, request }: Invocation,
  { intake, clock }: Services,
): Promise<string> {
  const parsed = parseInvocation(text, slug, {
    seed: parseSeed(request.headers.get(seedHeader)),
    nowMs: clock.now(),
    keyIndexBase,
  });
  if (!parsed.ok) throw new Problem(400, `Invalid invocation event: ${parsed.message}`);
  await intake.accept(traced([parsed.event], request));
  return parsed.event.internalId;
}

async function requireFunction(slug: string, functions: Functions): Promise<void> {
  // The runner takes the one and the other for a function's name (sdk-http-protocol.md §8.1).
  const find = () => functions.functionBySlug(slug) ?? functions.functionById(slug);
  // Another process may have registered it a moment ago.
  if (find() === null) await functions.refresh();
  if (find() === null) throw unknownFunction(slug);
}

function unknownFunction(slug: string): Problem {
  const advice = 'sync the app that has it, or use its full name <app>-<function>';
  return new Problem(404, `Function not found: ${slug}; ${advice}`, { code: 'function_not_found' });
}
