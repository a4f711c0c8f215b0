/**
 * `POST /e/{key}`: the event API (http-api.md §1). The busiest door: the body is read once and goes to the
 * parser as it is. A request is taken whole or not at all, so a refusal lists no ids.
 */
import { Elysia } from 'elysia';
import { parseEventBody } from '../event/parse.ts';
import { parseSeed, seedHeader } from '../event/seed.ts';
import { json } from './answer.ts';
import { eventKeyCheck } from './auth.ts';
import { mebibyte, readText } from './body.ts';
import { overloaded } from './problem.ts';
import type { Services } from './services.ts';
import { traced } from './traced.ts';

/** Of a request, unless the server is set up otherwise. One event may have 3 MiB, and 5000 of the usual size fit many times. */
export const eventRequestBytesMax = 64 * mebibyte;
/** Seeds count from one here and from zero on `/invoke` (§1.6). */
const keyIndexBase = 1;

export function eventRoutes(services: Services) {
  const refusalOf = eventKeyCheck(services);
  // A malformed escape (`%zz`) reaches us as null: a key nobody has, but not an empty one.
  return new Elysia()
    .post(
      '/e/:key',
      ({ request, params }) => refusalOf(params.key ?? '%') ?? accept(request, services),
      { parse: 'none' },
    )
    .post('/e', () => refusalOf(''), { parse: 'none' })
    .post('/e/', () => refusalOf(''), { parse: 'none' });
}

async function accept(
  request: Request,
  { intake, clock, eventBytesMax = eventRequestBytesMax }: Services,
): Promise<Response> {
  // Before the body is read: refusing must cost less than accepting.
  if (intake.isOverloaded()) throw overloaded();
  const text = await readText(request, eventBytesMax);
  const parsed = parseEventBody(text, request.headers.get('content-type'), {
    seed: parseSeed(request.headers.get(seedHeader)),
    nowMs: clock.now(),
    keyIndexBase,
  });
  if (!parsed.ok) return json({ ids: [], status: 400, error: parsed.message }, { status: 400 });
  // Nothing to do is no failure; clients of the original know this answer (§1.2).
  if (parsed.events.length === 0) return json({ ids: [''], status: 200 });
  await intake.accept(traced(parsed.events, request));
  return json({ ids: parsed.events.map(({ internalId }) => internalId), status: 200 });
}
