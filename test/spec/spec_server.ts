/** One server for the tests of a file, and fake SDKs that end with it. */
import { afterAll, beforeAll } from 'bun:test';
import { ServerClient } from '../e2e/server_client.ts';
import { freePort } from '../free_port.ts';
import { type ServerOptions, ServerProcess } from '../server_process.ts';
import { FakeSdk, type FakeSdkOptions } from './fake_sdk.ts';

/** Signing key of the servers in `start` mode: bare hex, as `start` wants it. */
export const signingKey = 'abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789';
export const eventKey = 'event-key-of-the-tests';
export const startFlags = ['--signing-key', signingKey, '--event-key', eventKey];

/** The token SDKs send: the hash of the key, with a prefix. */
export function hashedToken(prefix = 'signkey-prod-'): string {
  const hash = new Bun.CryptoHasher('sha256').update(Buffer.from(signingKey, 'hex')).digest('hex');
  return `${prefix}${hash}`;
}

const bootDeadlineMs = 180_000;

export class SpecServer {
  private process: ServerProcess | undefined;
  private readonly sdks: FakeSdk[] = [];

  constructor(private readonly options: ServerOptions) {}

  get server(): ServerProcess {
    if (!this.process) throw new Error('the server is started in beforeAll');
    return this.process;
  }

  get url(): string {
    return this.server.url;
  }

  get client(): ServerClient {
    return new ServerClient(this.url);
  }

  /** A new app; it has no functions and is not registered. */
  sdk(options: FakeSdkOptions = {}): FakeSdk {
    const isStart = this.options.mode === 'start';
    const sdk = new FakeSdk(this.url, {
      ...(isStart ? { authorization: `Bearer ${hashedToken()}`, eventKey } : {}),
      ...options,
    });
    this.sdks.push(sdk);
    return sdk;
  }

  async start(): Promise<void> {
    const flags = this.options.mode === 'start' ? startFlags : [];
    this.process = await ServerProcess.start({
      ...this.options,
      args: [...flags, ...(this.options.args ?? [])],
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.sdks.map((sdk) => sdk.stop()));
    await this.process?.dispose();
  }
}

/** A server for the enclosing describe block (or file). */
export function useServer(options: ServerOptions = {}): SpecServer {
  const spec = new SpecServer(options);
  beforeAll(() => spec.start(), bootDeadlineMs);
  afterAll(() => spec.stop(), bootDeadlineMs);
  return spec;
}

export interface ServerWithApp {
  readonly sdk: FakeSdk;
  readonly server: ServerProcess;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A server that is told about an app with `-u`, for what the server asks of apps by itself. `prepare` gives
 * the app its functions and answers before the first request can reach it.
 */
export async function serverWithApp(
  prepare: (sdk: FakeSdk) => void,
  { sdkOptions, ...options }: ServerOptions & { readonly sdkOptions?: FakeSdkOptions } = {},
): Promise<ServerWithApp> {
  const isStart = options.mode === 'start';
  const port = await freePort();
  const path = sdkOptions?.path ?? '/api/inngest';
  const server = await ServerProcess.start({
    isPollingOn: true,
    ...options,
    args: [
      ...(isStart ? startFlags : ['--poll-interval', '1']),
      ...['--sdk-url', `http://localhost:${port}${path}`],
      ...(options.args ?? []),
    ],
  });
  const sdk = new FakeSdk(server.url, {
    ...(isStart ? { authorization: `Bearer ${hashedToken()}`, eventKey } : {}),
    ...sdkOptions,
    port,
  });
  prepare(sdk);
  return {
    sdk,
    server,
    [Symbol.asyncDispose]: async () => {
      await sdk.stop();
      await server.dispose();
    },
  };
}
