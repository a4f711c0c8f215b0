/** Realistic facts of many runs: one event, its run, two calls and two steps each. */
import { createHash } from 'node:crypto';
import type { Fact } from '../../src/history/fact.ts';
import { ulidFromBytes } from '../../src/lib/ulid.ts';

const functions = 20;
/** One run in so many fails. */
const failEvery = 50;

export const firstRunAtMs = 1_760_000_000_000;
/** Between two runs. */
export const runEveryMs = 10;

export function runIdOf(n: number): string {
  const entropy = createHash('sha256').update(`run ${n}`).digest().subarray(0, 10);
  return ulidFromBytes(firstRunAtMs + n * runEveryMs, entropy);
}

function eventIdOf(n: number): string {
  const entropy = createHash('sha256').update(`event ${n}`).digest().subarray(0, 10);
  return ulidFromBytes(firstRunAtMs + n * runEveryMs, entropy);
}

const stepIds = ['charge card', 'send mail'].map((name) => ({
  name,
  id: createHash('sha1').update(name).digest('hex'),
}));

/** In the order in which a server records them. */
export function factsOfRun(n: number): Fact[] {
  const atMs = firstRunAtMs + n * runEveryMs;
  const runId = runIdOf(n);
  const eventId = eventIdOf(n);
  const slug = `shop-function-${n % functions}`;
  const isFailed = n % failEvery === 0;
  const payload = {
    data: {
      orderId: `order-${n}`,
      total: n % 1_000,
      currency: 'EUR',
      customer: { id: `customer-${n % 5_000}`, mail: `customer${n % 5_000}@example.com` },
      items: [{ sku: `sku-${n % 97}`, count: (n % 3) + 1 }],
    },
    id: eventId,
    name: `shop/order.${n % functions}`,
    ts: atMs,
  };
  return [
    { t: 'event', internalId: eventId, receivedAtMs: atMs, payload: JSON.stringify(payload) },
    {
      t: 'run.scheduled',
      runId,
      functionId: `00000000-0000-4000-8000-${String(n % functions).padStart(12, '0')}`,
      functionVersion: 1,
      functionSlug: slug,
      functionName: `Function ${n % functions}`,
      appId: '00000000-0000-4000-9000-000000000001',
      appName: 'shop',
      eventIds: [eventId],
      eventName: payload.name,
      atMs,
    },
    { t: 'run.started', runId, atMs: atMs + 2, functionSlug: slug },
    ...stepIds.flatMap((step, index) => factsOfCall(runId, slug, step, index, atMs + 10 * index)),
    {
      t: 'run.ended',
      runId,
      atMs: atMs + 40,
      status: isFailed ? 'Failed' : 'Completed',
      output: JSON.stringify(
        isFailed ? { name: 'Error', message: 'no stock' } : { shipped: true, total: n % 1_000 },
      ),
      functionSlug: slug,
    },
  ];
}

function factsOfCall(
  runId: string,
  functionSlug: string,
  step: { readonly id: string; readonly name: string },
  index: number,
  atMs: number,
): Fact[] {
  const group = index === 0 ? 'start' : `next:${stepIds[0]?.id}`;
  const call = {
    runId,
    callId: `${group}#1`,
    group,
    attempt: 0,
    attemptsMax: 4,
    functionSlug,
    dueAtMs: atMs + 2,
  };
  return [
    { t: 'call.started', ...call, atMs: atMs + 3 },
    {
      t: 'call.ended',
      ...call,
      atMs: atMs + 9,
      startedAtMs: atMs + 3,
      outcome: 'steps',
      requestId: `request-${index}`,
      url: 'http://127.0.0.1:3000/api/inngest',
      statusCode: 206,
      headers: { 'content-type': 'application/json', 'x-inngest-sdk': 'js:v4.24.0' },
      responseBytes: 320,
      ops: [{ op: 'StepRun', id: step.id, name: step.name }],
    },
    {
      t: 'step',
      runId,
      stepId: step.id,
      name: step.name,
      kind: 'run',
      status: 'Completed',
      attempt: 0,
      atMs: atMs + 9,
      startedAtMs: atMs + 3,
      durationMs: 6,
      output: JSON.stringify({ data: { ok: true, reference: `reference-${runId}` } }),
      op: 'StepRun',
      callId: call.callId,
    },
  ];
}
