/** Durable endpoints as apps and functions: nobody registers them, their runs bring all that is known of them. */
import type { EndpointRequest } from '../driver/endpoint_request.ts';
import {
  type AppId,
  environmentId,
  type FunctionDefinition,
  type FunctionId,
} from '../function/definition.ts';
import { uuidBytes, uuidV5 } from '../lib/uuid.ts';
import type { RunMetadata } from '../state/run_metadata.ts';

export interface EndpointIdentity {
  readonly appId: AppId;
  readonly functionId: FunctionId;
  readonly functionSlug: string;
}

/** Endpoints are never registered anew, so that they have one version. */
export const endpointVersion = 1;

/** The same on every server: from environment and domain, from app and slug (sdk-http-protocol.md §1.8, §7.4). */
export function endpointIdentity(request: EndpointRequest): EndpointIdentity {
  const functionSlug = request.functionSlug || `${request.method} ${request.path}`;
  // The brands say where the UUIDs came from, which is here.
  const appId = scopedUuid(environmentId, request.domain) as AppId;
  const functionId = scopedUuid(appId, functionSlug) as FunctionId;
  return { appId, functionId, functionSlug };
}

function scopedUuid(scope: string, name: string): string {
  return uuidV5(Uint8Array.from([...uuidBytes(scope), ...Buffer.from(name)]));
}

/** Null when the run is not one of an endpoint. */
export function endpointFunction(metadata: RunMetadata): FunctionDefinition | null {
  const { endpoint } = metadata;
  if (endpoint === undefined) return null;
  return {
    // Written from an EndpointIdentity when the run was created.
    id: metadata.functionId as FunctionId,
    appId: metadata.appId as AppId,
    appName: endpoint.domain,
    slug: metadata.functionSlug,
    name: metadata.functionSlug,
    version: metadata.functionVersion,
    triggers: [{ event: metadata.eventName }],
    url: endpoint.url,
    driver: 'sync',
    retries: metadata.attemptsMax - 1,
    concurrency: [],
    runConcurrency: [],
    cancel: [],
  };
}
