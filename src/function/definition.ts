/**
 * What a function is once its registration has been parsed and found valid: plain data, stored as JSON
 * with its app and read by the runner and the executor (execution.md §2).
 */

import type { Dag } from './dag.ts';

/** Deterministic UUID of a function (sdk-http-protocol.md §1.8). */
export type FunctionId = string & { readonly __brand: 'FunctionId' };
/** Deterministic UUID of an app. */
export type AppId = string & { readonly __brand: 'AppId' };
/** ULID of a run. */
export type RunId = string & { readonly __brand: 'RunId' };

export type Trigger =
  | { readonly event: string; readonly expression?: string }
  | { readonly cron: string; readonly jitter?: string };

export interface ConcurrencyLimit {
  /** Requests (scope step) or runs at once; 0 means no limit. */
  readonly limit: number;
  readonly key?: string;
  readonly scope: 'fn' | 'env' | 'account';
}

export interface Cancellation {
  readonly event: string;
  readonly if?: string;
  /** Duration or RFC 3339 time. */
  readonly timeout?: string;
}

export interface FunctionDefinition {
  readonly id: FunctionId;
  readonly appId: AppId;
  readonly appName: string;
  /** What SDKs call it: `<app>-<function>`. */
  readonly slug: string;
  readonly name: string;
  /** Raised by one on each changed registration, from 1. */
  readonly version: number;
  readonly triggers: readonly Trigger[];
  /** The registered step URL, normalised. */
  readonly url: string;
  readonly driver: 'http' | 'connect' | 'sync' | 'dag';
  /** There exactly when the driver is `dag`. */
  readonly dag?: Dag;
  /** Retries, not attempts: 4 means 5 attempts. */
  readonly retries: number;
  /** Step-level limits, ascending by limit. */
  readonly concurrency: readonly ConcurrencyLimit[];
  /** Run-level limits (`concurrency.fn`). */
  readonly runConcurrency: readonly ConcurrencyLimit[];
  readonly cancel: readonly Cancellation[];
  readonly timeouts?: { readonly start?: string; readonly finish?: string };
  /** Expression of the 24 h idempotency (sdk-http-protocol.md §1.7). */
  readonly idempotency?: string;
  readonly priority?: { readonly run?: string };
  readonly throttle?: { limit: number; period: string; burst: number; key?: string };
  readonly rateLimit?: { limit: number; period: string; key?: string };
  readonly debounce?: { period: string; key?: string; timeout?: string };
  readonly batchEvents?: { maxSize: number; timeout: string; key?: string; if?: string };
  readonly singleton?: { mode: 'skip' | 'cancel'; key?: string };
  readonly checkpoint?: unknown;
}

/** An app as it is stored: one JSON document, replaced whole by each sync. */
export interface AppDefinition {
  readonly id: AppId;
  /** Empty for a placeholder that has not answered yet. */
  readonly name: string;
  readonly url: string;
  readonly sdkLanguage: string;
  readonly sdkVersion: string;
  readonly framework: string;
  readonly appVersion: string;
  readonly method: 'serve' | 'connect' | 'api';
  /** Hash of the normalised registration; equal means nothing changed. */
  readonly checksum: string;
  /** Error code or text of the last sync; empty when it went well. */
  readonly error: string;
  readonly syncedAtMs: number;
  readonly functions: readonly FunctionDefinition[];
}

export const accountId = '00000000-0000-4000-a000-000000000000';
export const environmentId = '00000000-0000-4000-b000-000000000000';
