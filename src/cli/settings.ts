/** What the server is started with, after flags, environment and defaults have been merged and checked. */
export interface Settings {
  readonly mode: 'dev' | 'start';
  readonly host: string;
  readonly port: number;
  /** App URLs given with `-u`. */
  readonly sdkUrls: readonly string[];
  readonly isDiscoveryOn: boolean;
  readonly isPollingOn: boolean;
  readonly pollIntervalMs: number;
  /** Fixed retry delay instead of the backoff table; null keeps the table. */
  readonly retryIntervalMs: number | null;
  readonly queueWorkers: number;
  /** Folder of the databases; null keeps everything in memory. With a Redis it holds history only. */
  readonly dataDir: string | null;
  /** Redis or Valkey instead of the embedded engine. It may hold a password: show it by `redactRedisUri` only. */
  readonly redisUri: string | null;
  /** What this installation's keys in Redis begin with, without the braces around it. */
  readonly redisPrefix: string;
  readonly signingKey: string | null;
  readonly eventKeys: readonly string[];
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly logFormat: 'json' | 'text';
}
