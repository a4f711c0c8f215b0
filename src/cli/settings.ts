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
  /**
   * Folder of the databases; null when nothing is kept in files: everything is in memory, or in Redis and PostgreSQL.
   * With a Redis it holds history only, with a PostgreSQL everything else.
   */
  readonly dataDir: string | null;
  /** Redis or Valkey instead of the embedded engine. It may hold a password: show it by `redactRedisUri` only. */
  readonly redisUri: string | null;
  /** What this installation's keys in Redis begin with, without the braces around it. */
  readonly redisPrefix: string;
  /** History in PostgreSQL instead of SQLite in the data directory. It may hold a password: never show it. */
  readonly postgresUri: string | null;
  /** Connections to PostgreSQL at most. */
  readonly postgresConnectionsMax: number;
  /** How long history is kept. */
  readonly retention: RetentionSettings;
  readonly signingKey: string | null;
  readonly eventKeys: readonly string[];
  /** Largest body of the event API; absent: its own bound. */
  readonly eventBytesMax?: number;
  /** How long a call of an app or a step may take; absent: two hours. */
  readonly callTimeoutMs?: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly logFormat: 'json' | 'text';
}

/** Ages in ms from which on history is deleted; null keeps it for good. */
export interface RetentionSettings {
  readonly eventsMs: number | null;
  /** From the end of a run. */
  readonly runsMs: number | null;
  /** Steps, calls, userland spans and metadata; the runs they belong to stay until `runsMs`. */
  readonly tracesMs: number | null;
}
