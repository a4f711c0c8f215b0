/**
 * An app as a user would write it, on the official SDK, served the way E2E_* says. Plain JavaScript: Bun and
 * Node 20 both run it.
 *
 *   E2E_SDK            4 (`inngest`) or 3 (`inngest-v3`)
 *   E2E_ADAPTER        bun, node or express
 *   E2E_CHECKPOINTING  on or off
 *   E2E_STREAMING      on: answers calls with a stream
 *   E2E_PORT, E2E_APP_ID
 *   E2E_RECORDS        file that gets one line per execution
 *   E2E_PROVIDER       URL of the fake provider that step.fetch and step.ai.infer call
 *   E2E_OMIT           ids of functions to leave out, comma separated
 *   E2E_CRON           on: adds a function that runs every minute
 *   INNGEST_DEV        URL of the server
 */

import { failing } from './functions/failing.mjs';
import { invoking } from './functions/invoking.mjs';
import { limits } from './functions/limits.mjs';
import { parallel } from './functions/parallel.mjs';
import { steps } from './functions/steps.mjs';
import { triggering } from './functions/triggering.mjs';
import { waiting } from './functions/waiting.mjs';
import { openGate, passage, record } from './records.mjs';

const env = process.env;
const major = env.E2E_SDK ?? '4';
const adapter = env.E2E_ADAPTER ?? 'bun';
const port = Number(env.E2E_PORT ?? 3000);
const appId = env.E2E_APP_ID ?? 'e2e';
const omitted = new Set((env.E2E_OMIT ?? '').split(','));
const packageName = major === '3' ? 'inngest-v3' : 'inngest';
const path = '/api/inngest';

const sdk = await import(packageName);
const client = new sdk.Inngest({ id: appId, checkpointing: env.E2E_CHECKPOINTING !== 'off' });

/** Functions by id, for `step.invoke`. */
const defined = new Map();

const tools = {
  sdk,
  appId,
  provider: env.E2E_PROVIDER ?? 'http://127.0.0.1:9',
  functionNamed: (id) => defined.get(id),
  passage,
};

/** The handler's context plus the tools, and `ran`, which records an execution under the scenario's key. */
function withTools(handler) {
  return (context) => {
    const source = context.event.data?.event ?? context.event;
    const key = source.data?.key ?? 'none';
    const ran = (name, detail) =>
      record({
        key,
        name,
        run: context.runId,
        attempt: context.attempt ?? 0,
        at: Date.now(),
        detail,
      });
    return handler({ ...context, ...tools, key, ran });
  };
}

function define({ id, triggers = [{ event: `e2e/${id}` }], options = {}, onFailure, handler }) {
  const all = { id, ...options };
  if (onFailure) all.onFailure = withTools(onFailure);
  const fn =
    major === '3'
      ? client.createFunction(all, triggers, withTools(handler))
      : client.createFunction({ ...all, triggers }, withTools(handler));
  defined.set(id, fn);
  return fn;
}

const catalogue = [
  ...steps,
  ...parallel,
  ...waiting,
  ...invoking,
  ...failing,
  ...triggering,
  ...limits,
]
  .filter((entry) => !omitted.has(entry.id))
  .filter((entry) => !entry.isCron || env.E2E_CRON === 'on')
  .filter((entry) => !entry.sdk || entry.sdk === major);

const serving = {
  client,
  functions: catalogue.map(define),
  ...(env.E2E_STREAMING === 'on' ? { streaming: major === '3' ? 'force' : true } : {}),
};

/** The test's side door: `/control/health` and `/control/open/<gate>`. */
function control(pathname) {
  if (pathname === '/control/health') return true;
  const gate = pathname.match(/^\/control\/open\/(.+)$/)?.[1];
  if (gate === undefined) return false;
  openGate(decodeURIComponent(gate));
  return true;
}

const module = await import(`${packageName}/${adapter}`);

if (adapter === 'bun') {
  const handle = module.serve(serving);
  Bun.serve({
    port,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === path) return handle(request);
      return new Response(null, { status: control(pathname) ? 200 : 404 });
    },
  });
} else if (adapter === 'node') {
  const { createServer } = await import('node:http');
  const handle = module.serve(serving);
  createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === path) return handle(request, response);
    response.writeHead(control(pathname) ? 200 : 404).end();
  }).listen(port, '127.0.0.1');
} else {
  const { default: express } = await import('express');
  const app = express();
  app.use('/control', (request, response) => {
    response.status(control(`/control${request.path}`) ? 200 : 404).end();
  });
  app.use(express.json({ limit: '64mb' }));
  app.use(path, module.serve(serving));
  app.listen(port, '127.0.0.1');
}
