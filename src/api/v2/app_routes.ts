/** `/v2/apps`: apps and their functions, paused or not (http-api.md §7.3). */
import { z } from 'zod';
import { findApp } from '../function_name.ts';
import { Problem } from '../problem.ts';
import { flag, limit } from '../query.ts';
import { appMessage, appSchema } from './app_message.ts';
import { appOf, functionOf, type V2Context } from './context.ts';
import { enveloped, listSchema, oneSchema, type PageNote } from './envelope.ts';
import { functionMessage, functionSchema } from './function_message.ts';
import { type V2Route, v2Route } from './route.ts';

const listDefault = 20;
const listMax = 100;
const tag = 'Apps and functions';

export const appParam = { appId: 'Name or UUID of the app.' };
export const functionParams = {
  ...appParam,
  functionId: 'Id of the function without the app, its full slug, or its UUID.',
};

const cursor = z.uuid('Cursor is invalid').describe('Where the page before ended.').optional();
const pageQuery = z.object({ cursor, limit: limit(listDefault, listMax) });
const pauseSchema = oneSchema(
  z.object({ functionId: z.string(), isPaused: z.boolean().optional() }),
);

export function appRoutes(context: V2Context): readonly V2Route[] {
  return [
    ...appReadingRoutes(context),
    ...functionRoutes(context),
    pauseRoute(context, 'pause'),
    pauseRoute(context, 'unpause'),
  ];
}

function appReadingRoutes(context: V2Context): readonly V2Route[] {
  const { services, registry } = context;
  const { clock } = services;
  return [
    v2Route({
      id: 'GetApps',
      method: 'GET',
      path: '/apps',
      tag,
      summary: 'List apps',
      description: 'The apps that are synced, in the order of their UUIDs.',
      query: pageQuery.extend({
        archived: flag('true: archived apps, of which a server keeps none.'),
      }),
      answers: { 200: { description: 'A page of apps.', schema: listSchema(appSchema) } },
      refusals: { 400: 'The cursor or the limit makes no sense.' },
      handle: ({ query }) => {
        const apps = query.archived === true ? [] : registry.apps();
        const { elements, page } = pageOf(apps, query.cursor, query.limit);
        return enveloped(elements.map(appMessage), { nowMs: clock.now(), page });
      },
    }),
    v2Route({
      id: 'GetApp',
      method: 'GET',
      path: '/apps/:appId',
      tag,
      summary: 'Get an app',
      description: 'One app and how its last sync went.',
      params: appParam,
      answers: { 200: { description: 'The app.', schema: oneSchema(appSchema) } },
      refusals: { 404: 'There is no such app.' },
      handle: async ({ param }) =>
        enveloped(appMessage(await appOf(context, param('appId'))), { nowMs: clock.now() }),
    }),
  ];
}

function functionRoutes(context: V2Context): readonly V2Route[] {
  const { services, registry } = context;
  const { clock, pauses } = services;
  return [
    v2Route({
      id: 'GetFunctions',
      method: 'GET',
      path: '/apps/:appId/functions',
      tag,
      summary: 'List functions',
      description:
        'The functions of an app, in the order of their UUIDs; none when nobody knows it.',
      params: appParam,
      query: pageQuery,
      answers: { 200: { description: 'A page of functions.', schema: listSchema(functionSchema) } },
      refusals: { 400: 'The cursor or the limit makes no sense.' },
      handle: async ({ param, query }) => {
        const functions = (await findApp(registry, param('appId')))?.functions ?? [];
        const { elements, page } = pageOf(functions, query.cursor, query.limit);
        const messages = elements.map((fn) =>
          functionMessage(fn, functions, pauses.isPaused(fn.id)),
        );
        return enveloped(messages, { nowMs: clock.now(), page });
      },
    }),
    v2Route({
      id: 'GetFunction',
      method: 'GET',
      path: '/apps/:appId/functions/:functionId',
      tag,
      summary: 'Get a function',
      description: 'One function with its triggers and its configuration.',
      params: functionParams,
      answers: { 200: { description: 'The function.', schema: oneSchema(functionSchema) } },
      refusals: { 404: 'There is no such function.' },
      handle: async ({ param }) => {
        const fn = await functionOf(context, param('appId'), param('functionId'));
        const siblings = registry.appById(fn.appId)?.functions ?? [];
        const message = functionMessage(fn, siblings, pauses.isPaused(fn.id));
        return enveloped(message, { nowMs: clock.now() });
      },
    }),
  ];
}

function pauseRoute(context: V2Context, what: 'pause' | 'unpause'): V2Route {
  const { clock, pauses } = context.services;
  const isPause = what === 'pause';
  return v2Route({
    id: isPause ? 'PauseFunction' : 'UnpauseFunction',
    method: 'POST',
    path: `/apps/:appId/functions/:functionId/${what}`,
    tag,
    summary: isPause ? 'Pause a function' : 'Unpause a function',
    description: isPause
      ? 'New events are recorded as skipped runs; runs under way wait with their next step. Repeating it changes nothing.'
      : 'Events start runs again and runs that waited go on. Repeating it changes nothing.',
    params: functionParams,
    answers: { 200: { description: 'How the function is now.', schema: pauseSchema } },
    refusals: { 404: 'There is no such function.' },
    handle: async ({ param }) => {
      const fn = await functionOf(context, param('appId'), param('functionId'));
      const outcome = isPause ? await pauses.pause(fn.id) : await pauses.unpause(fn.id);
      if (outcome === null) throw new Problem(404, 'Function not found');
      return enveloped({ functionId: fn.slug, isPaused: isPause }, { nowMs: clock.now() });
    },
  });
}

/** What follows the cursor. The order of ids stays the same whatever comes and goes. */
function pageOf<T extends { readonly id: string }>(
  all: readonly T[],
  after: string | undefined,
  count: number,
): { readonly elements: readonly T[]; readonly page: PageNote } {
  const start = after?.toLowerCase() ?? '';
  const rest = all.filter(({ id }) => id > start).sort((a, b) => (a.id < b.id ? -1 : 1));
  const elements = rest.slice(0, count);
  const page = {
    cursor: elements.at(-1)?.id ?? null,
    hasMore: rest.length > count,
    limit: count,
  };
  return { elements, page };
}
