/** What a `config` document says about the server itself, as far as it has been written; the rest has defaults elsewhere. */

export interface ServiceSettings {
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
  readonly logFormat?: 'json' | 'text';
  readonly host?: string;
  readonly port?: number;
  /** Largest body of the event API. */
  readonly eventBytesMax?: number;
  readonly redisUri?: string;
  readonly redisPrefix?: string;
  readonly postgresUri?: string;
  readonly signingKey?: string;
  /** How long a call of a step may take. */
  readonly callTimeoutMs?: number;
}
