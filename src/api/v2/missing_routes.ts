/** What the hosted service has and a server of one's own has not: 501, with the words of the original (http-api.md §7.7). */
import { z } from 'zod';
import { readText } from '../body.ts';
import type { Method } from '../openapi/route_note.ts';
import { Problem } from '../problem.ts';
import { type ErrorNote, refused } from './envelope.ts';
import { type V2Route, v2Route } from './route.ts';

const bodyBytesMax = 1024 * 1024;

interface Missing {
  readonly method: Method;
  readonly path: string;
  readonly id: string;
  readonly errors: readonly ErrorNote[];
  /** What is missing in the request comes first. */
  readonly check?: (request: Request) => void | Promise<void>;
}

const absent = { 501: 'It is not in this server.' };
const absentOrIncomplete = { ...absent, 400: 'Something is missing in the request.' };

export function missingRoutes(): readonly V2Route[] {
  return [...accounts, ...webhooks, ...analysis, ...sandboxes].map((missing) =>
    v2Route({
      id: missing.id,
      method: missing.method,
      path: missing.path,
      tag: 'Not in this server',
      summary: missing.id.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' '),
      description: `Part of the hosted service: ${missing.errors.map(({ message }) => message).join('; ')}.`,
      answers: {},
      refusals: missing.check === undefined ? absent : absentOrIncomplete,
      handle: async ({ request }) => {
        await missing.check?.(request);
        return refused(501, missing.errors);
      },
    }),
  );
}

function notImplemented(what: string): ErrorNote {
  return { code: 'not_implemented', message: `${what} not implemented in OSS` };
}

function missing(
  id: string,
  method: Method,
  path: string,
  what: string,
  check?: Missing['check'],
): Missing {
  const errors = [notImplemented(what)];
  return { id, method, path, errors, ...(check === undefined ? {} : { check }) };
}

const nameSchema = z.looseObject({ name: z.string().min(1) });

async function nameRequired(request: Request): Promise<void> {
  const body = await bodyOf(request);
  if (nameSchema.safeParse(body).success) return;
  throw new Problem(400, 'Environment name is required', { code: 'missing_field' });
}

function envRequired(request: Request): void {
  if ((request.headers.get('x-inngest-env') ?? '') !== '') return;
  throw new Problem(400, 'X-Inngest-Env header is required', { code: 'missing_field' });
}

const webhookSchema = z.looseObject({ transform: z.string().min(1) });

async function transformRequired(request: Request): Promise<void> {
  envRequired(request);
  if (webhookSchema.safeParse(await bodyOf(request)).success) return;
  throw new Problem(400, 'Transform function is required', { code: 'missing_field' });
}

async function bodyOf(request: Request): Promise<unknown> {
  const text = await readText(request, bodyBytesMax);
  try {
    return text.trim() === '' ? {} : JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Problem(400, reason, { code: 'api_error', cause });
  }
}

const accounts: readonly Missing[] = [
  {
    id: 'CreatePartnerAccount',
    method: 'POST',
    path: '/partner/accounts',
    errors: [notImplemented('Accounts'), notImplemented('Partners')],
  },
  missing('ListPartnerAccounts', 'GET', '/partner/accounts', 'Accounts'),
  missing('CreateEnv', 'POST', '/envs', 'Environments', nameRequired),
  missing('PatchEnv', 'PATCH', '/envs/:envId', 'Environments'),
];

const webhooks: readonly Missing[] = [
  missing('ListWebhooks', 'GET', '/env/webhooks', 'Webhooks', envRequired),
  missing('CreateWebhook', 'POST', '/env/webhooks', 'Webhooks', transformRequired),
];

const analysis: readonly Missing[] = [
  missing('SyncApp', 'POST', '/apps/:appId/syncs', 'App sync'),
  missing('ListInsightsTables', 'GET', '/insights/tables', 'Insights'),
  missing('ListInsightsEventSchemas', 'GET', '/insights/events/schemas', 'Insights'),
  missing('QueryInsights', 'POST', '/insights/query', 'Insights'),
  missing('PromptInsights', 'POST', '/insights/query/prompt', 'Insights'),
  missing('ListExperiments', 'GET', '/experiments', 'Experiments'),
  missing(
    'GetExperiment',
    'GET',
    '/apps/:appId/functions/:functionId/experiments/:experimentId',
    'Experiments',
  ),
  missing('ListSessions', 'GET', '/sessions', 'Sessions'),
  missing('GetSessionKey', 'GET', '/sessions/:sessionKey', 'Sessions'),
  missing('ListSessionRuns', 'GET', '/sessions/:sessionKey/:sessionId/runs', 'Sessions'),
];

const sandboxes: readonly Missing[] = (
  [
    ['CreateSandbox', 'POST', ''],
    ['ListSandboxes', 'GET', ''],
    ['GetSandbox', 'GET', '/:sandboxId'],
    ['DeleteSandbox', 'DELETE', '/:sandboxId'],
    ['ExecSandbox', 'POST', '/:sandboxId/exec'],
    ['GetSandboxLogs', 'GET', '/:sandboxId/logs'],
    ['WriteSandboxFiles', 'PUT', '/:sandboxId/files'],
    ['StartSandboxProcess', 'POST', '/:sandboxId/processes'],
    ['ListSandboxProcesses', 'GET', '/:sandboxId/processes'],
    ['GetSandboxProcess', 'GET', '/:sandboxId/processes/:pid'],
    ['SignalSandboxProcess', 'POST', '/:sandboxId/processes/:pid/signals'],
    ['WaitSandboxProcess', 'POST', '/:sandboxId/processes/:pid/wait'],
    ['GetSandboxProcessOutput', 'GET', '/:sandboxId/processes/:pid/output'],
    ['StreamSandboxProcessOutput', 'GET', '/:sandboxId/processes/:pid/output/stream'],
  ] as const
).map(([id, method, path]) => ({
  id,
  method,
  path: `/sandboxes${path}`,
  errors: [{ code: 'api_error', message: `method ${id} not implemented` }],
}));
