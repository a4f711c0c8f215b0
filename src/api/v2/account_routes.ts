/** `/v2/health`, `/account`, `/envs`, `/keys`: fixed answers of a server with one account (http-api.md §7.3). */
import { z } from 'zod';
import { accountId, environmentId } from '../../function/definition.ts';
import { limit } from '../query.ts';
import type { V2Context } from './context.ts';
import { enveloped, listSchema, oneSchema } from './envelope.ts';
import { type V2Route, v2Route } from './route.ts';

/** The account and its environment have no birthday; clients want one. */
const createdAt = '2021-05-13T09:30:04Z';
const envsMax = 250;
const keysMax = 100;
const tag = 'Account';

const accountSchema = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Account' });
const envSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    type: z.literal('TEST'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Env' });
const keySchema = z
  .object({ key: z.string(), environment: z.string(), createdAt: z.iso.datetime() })
  .meta({ id: 'Key' });

export function accountRoutes({ services }: V2Context): readonly V2Route[] {
  const { clock } = services;
  const answer = (data: unknown): Response => enveloped(data, { nowMs: clock.now() });
  return [
    v2Route({
      id: 'Health',
      method: 'GET',
      path: '/health',
      tag,
      summary: 'Check health',
      description: 'Answers while the server runs; `GET /ready` says whether it can take work.',
      answers: {
        200: { description: 'It runs.', schema: oneSchema(z.object({ status: z.literal('ok') })) },
      },
      isAlways: true,
      handle: () => answer({ status: 'ok' }),
    }),
    v2Route({
      id: 'GetAccount',
      method: 'GET',
      path: '/account',
      tag,
      summary: 'Get the account',
      description: 'The one account that a server has.',
      answers: { 200: { description: 'The account.', schema: oneSchema(accountSchema) } },
      isAlways: true,
      handle: () =>
        answer({
          id: accountId,
          email: 'dev@inngest.local',
          name: 'Dev Server',
          createdAt,
          updatedAt: createdAt,
        }),
    }),
    v2Route({
      id: 'ListEnvs',
      method: 'GET',
      path: '/envs',
      tag,
      summary: 'List environments',
      description: 'The one environment that a server has.',
      query: z.object({ limit: limit(20, envsMax) }),
      answers: { 200: { description: 'The environments.', schema: listSchema(envSchema) } },
      refusals: { 400: 'The limit makes no sense.' },
      isAlways: true,
      handle: () => answer([{ id: environmentId, name: 'dev', type: 'TEST', createdAt }]),
    }),
    keyRoute('event', services.eventKeys, answer),
    keyRoute('signing', services.signingKey === null ? [] : [services.signingKey], answer),
  ];
}

function keyRoute(
  kind: 'event' | 'signing',
  keys: readonly string[],
  answer: (data: unknown) => Response,
): V2Route {
  const name = kind === 'event' ? 'events' : 'signing';
  return v2Route({
    id: kind === 'event' ? 'ListEventKeys' : 'ListSigningKeys',
    method: 'GET',
    path: `/keys/${name}`,
    tag,
    summary: `List ${kind} keys`,
    description: `The ${kind} keys that the server was started with; a dev server has none.`,
    headers: { 'X-Inngest-Env': 'Only keys of this environment; there is one, `dev`.' },
    query: z.object({ limit: limit(20, keysMax) }),
    answers: { 200: { description: 'The keys.', schema: listSchema(keySchema) } },
    refusals: { 400: 'The limit makes no sense.' },
    isAlways: true,
    handle: ({ request, query }) => {
      const env = request.headers.get('x-inngest-env') ?? '';
      const isOurs = env === '' || env === 'dev' || env === environmentId;
      const shown = isOurs ? keys.slice(0, query.limit) : [];
      const response = answer(shown.map((key) => ({ key, environment: 'dev', createdAt })));
      response.headers.set('cache-control', 'no-store');
      return response;
    },
  });
}
