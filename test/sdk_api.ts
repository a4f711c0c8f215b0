/** The client code inside the official JS SDK, which the package has no types for. */
import { join } from 'node:path';
import { z } from 'zod';

export interface SdkResult {
  readonly ok: boolean;
  readonly value?: unknown;
  readonly error?: unknown;
}

/** The methods that read or write runs. */
export interface SdkApi {
  getRunSteps(runId: string): Promise<SdkResult>;
  getRunBatch(runId: string): Promise<SdkResult>;
  sendSignal(options: { signal: string; data: unknown }): Promise<SdkResult>;
  updateMetadata(args: object): Promise<SdkResult>;
  checkpointNewRun(args: object): Promise<unknown>;
  checkpointSteps(args: object): Promise<void>;
  checkpointStepsAsync(args: object): Promise<void>;
  getRunOutput(runId: string, token: string): Promise<Response>;
}

interface SdkApiOptions {
  readonly url: string;
  readonly signingKey: string;
  readonly signingKeyFallback?: string;
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
}

const moduleSchema = z.object({
  InngestApi: z.custom<new (options: object) => SdkApi>((value) => typeof value === 'function'),
});

export async function openSdkApi(options: SdkApiOptions): Promise<SdkApi> {
  const path = join(import.meta.dir, '../node_modules/inngest/api/api.js');
  const { InngestApi } = moduleSchema.parse({ ...(await import(path)) });
  return new InngestApi({
    baseUrl: () => options.url,
    signingKey: () => options.signingKey,
    signingKeyFallback: () => options.signingKeyFallback,
    environment: () => undefined,
    fetch: () => options.fetch,
  });
}
