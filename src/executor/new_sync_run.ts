/** The run of a durable endpoint as it begins: in the app, at a request of somebody else (sdk-http-protocol.md §7.4). */
import { createHash } from 'node:crypto';
import type { EndpointRequest } from '../driver/endpoint_request.ts';
import type { EventPayload } from '../event/event.ts';
import { factText } from '../history/fact.ts';
import { canonicalJson } from '../lib/canonical_json.ts';
import type { NewRun } from '../state/run_creation.ts';
import type { RunMetadata } from '../state/run_metadata.ts';
import { deadlineItem, silenceCheckMs } from './deadline.ts';
import { type EndpointIdentity, endpointVersion } from './endpoint_function.ts';

export interface SyncRunRequest {
  readonly runId: string;
  readonly event: {
    readonly name: string;
    readonly data: Readonly<Record<string, unknown>>;
    readonly ts?: number;
  };
  readonly steps: unknown;
  /** 0 when the app did not say. */
  readonly requestVersion: number;
  readonly retries: number;
  readonly idempotency?: string;
}

/** Ids and idempotency keys of runs are known this long, also after the run has ended. */
const idempotencyMs = 24 * 60 * 60 * 1000;
const unknownVersion = -1;

/** No work is queued: the app is at it already, and the run counts as started. Only its silence is watched. */
export function newSyncRun(
  request: SyncRunRequest,
  endpoint: EndpointRequest,
  identity: EndpointIdentity,
  context: { readonly nowMs: number; readonly eventId: string },
): NewRun {
  const { runId } = request;
  const { nowMs, eventId } = context;
  const { name, data, ts = nowMs } = request.event;
  const payload: EventPayload = { name, data, user: {}, id: eventId, ts };
  const payloadText = canonicalJson(payload);
  const known = {
    functionId: identity.functionId,
    functionVersion: endpointVersion,
    functionSlug: identity.functionSlug,
    appId: identity.appId,
    eventIds: [eventId],
    eventName: name,
  };
  const metadata: RunMetadata = {
    ...known,
    scheduledAtMs: nowMs,
    correlations: [''],
    priorityMs: 0,
    concurrencyKeys: [],
    mode: 'sync',
    attemptsMax: request.retries + 1,
    endpoint: {
      domain: endpoint.domain,
      url: `${endpoint.domain}${endpoint.path}`,
      requestVersion: Math.max(1, request.requestVersion),
    },
  };
  const heard = { stored: 0, atMs: nowMs };
  return {
    runId,
    metadata,
    events: `[${payloadText}]`,
    requestVersion: request.requestVersion > 0 ? request.requestVersion : unknownVersion,
    idempotencyKeys: idempotencyKeysOf(request, identity.functionId),
    items: [deadlineItem(runId, known.functionId, 'report', nowMs + silenceCheckMs, heard)],
    cancellations: [],
    facts: [
      factText({ t: 'event', internalId: eventId, receivedAtMs: nowMs, payload: payloadText }),
      factText({
        t: 'run.scheduled',
        runId,
        ...known,
        functionName: identity.functionSlug,
        appName: endpoint.domain,
        atMs: nowMs,
      }),
      factText({
        t: 'run.started',
        runId,
        atMs: nowMs,
        functionSlug: identity.functionSlug,
      }),
    ],
    otherwise: { items: [], facts: [] },
  };
}

function idempotencyKeysOf(
  { runId, idempotency }: SyncRunRequest,
  functionId: string,
): NewRun['idempotencyKeys'] {
  const keys = [{ key: `run:${runId}`, lifetimeMs: idempotencyMs }];
  if (idempotency !== undefined && idempotency !== '') {
    // Users choose the text, which may be long.
    const digest = createHash('sha256').update(idempotency).digest('base64url');
    keys.push({ key: `${functionId}:endpoint:${digest}`, lifetimeMs: idempotencyMs });
  }
  return keys;
}
