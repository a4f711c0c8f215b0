/** An app on the official SDK as its own process, under Bun or Node, against a server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { freePort } from '../free_port.ts';

export interface Configuration {
  readonly sdk: '4' | '3';
  readonly adapter: 'bun' | 'node' | 'express';
  readonly isCheckpointing: boolean;
  readonly isStreaming?: boolean;
}

export interface AppOptions {
  readonly serverUrl: string;
  readonly providerUrl?: string;
  readonly appId?: string;
  readonly hasCron?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** One execution, as apps/records.mjs writes it. */
export interface ExecutionRecord {
  readonly key: string;
  readonly name: string;
  readonly run: string;
  readonly attempt: number;
  readonly at: number;
  readonly detail?: unknown;
}

const program = join(import.meta.dir, 'apps', 'app.mjs');

export function titleOf(configuration: Configuration): string {
  const { sdk, adapter, isCheckpointing, isStreaming } = configuration;
  const checkpointing = `checkpointing ${isCheckpointing ? 'on' : 'off'}`;
  return `v${sdk}, ${adapter}, ${checkpointing}${isStreaming ? ', streaming' : ''}`;
}

export class AppProcess {
  readonly url: string;
  private child: Bun.Subprocess | undefined;
  private omitted: readonly string[] = [];
  private launches = 0;

  private constructor(
    readonly configuration: Configuration,
    private readonly options: AppOptions,
    private readonly port: number,
    private readonly directory: string,
  ) {
    this.url = `http://localhost:${port}/api/inngest`;
  }

  /** Starts the app and registers it with the server. */
  static async start(configuration: Configuration, options: AppOptions): Promise<AppProcess> {
    const directory = await mkdtemp(join(tmpdir(), 'inngest-app-'));
    const app = new AppProcess(configuration, options, await freePort(), directory);
    try {
      await app.launch();
      await app.sync();
    } catch (error) {
      await app.dispose();
      throw error;
    }
    return app;
  }

  /** Makes the app register itself, as a deploy hook would: a PUT to its endpoint. */
  async sync(): Promise<void> {
    const answer = await fetch(this.url, { method: 'PUT' });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`registering the app: ${answer.status} ${text}`);
  }

  /** What the scenario with this key executed, in order. */
  async records(key: string): Promise<ExecutionRecord[]> {
    const file = Bun.file(this.recordsPath);
    if (!(await file.exists())) return [];
    const lines = (await file.text()).split('\n').filter((line) => line.includes(key));
    return lines
      .map((line) => JSON.parse(line) as ExecutionRecord)
      .filter((record) => record.key === key);
  }

  async openGate(name: string): Promise<void> {
    const answer = await fetch(
      `http://127.0.0.1:${this.port}/control/open/${encodeURIComponent(name)}`,
    );
    if (answer.status !== 200) throw new Error(`opening gate ${name}: ${answer.status}`);
  }

  /** Ends the app at once; calls to it fail until it is started again. */
  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.child?.exited;
    this.child = undefined;
  }

  /** Starts the app again at its address, without the functions named in `omit`. */
  async restart({ omit = [] }: { readonly omit?: readonly string[] } = {}): Promise<void> {
    await this.kill();
    this.omitted = omit;
    await this.launch();
  }

  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  async logs(): Promise<string> {
    const parts: string[] = [];
    for (let launch = 1; launch <= this.launches; launch++) {
      parts.push(await Bun.file(join(this.directory, `app-${launch}.log`)).text());
    }
    return parts.join('');
  }

  private get recordsPath(): string {
    return join(this.directory, 'records.ndjson');
  }

  private async launch(): Promise<void> {
    this.launches++;
    const output = Bun.file(join(this.directory, `app-${this.launches}.log`));
    const runtime = this.configuration.adapter === 'bun' ? process.execPath : 'node';
    const child = Bun.spawn([runtime, program], {
      env: this.environment(),
      stdin: 'ignore',
      stdout: output,
      stderr: output,
    });
    this.child = child;
    process.once('exit', () => child.kill('SIGKILL'));
    await eventually(
      async () => {
        if (child.exitCode !== null) return true;
        return (await fetch(`http://127.0.0.1:${this.port}/control/health`)).ok;
      },
      { deadlineMs: 30_000, what: 'an app that answers' },
    );
    if (child.exitCode !== null) throw new Error(`the app ended\n${await this.logs()}`);
  }

  private environment(): Record<string, string> {
    const { sdk, adapter, isCheckpointing, isStreaming } = this.configuration;
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('INNGEST_'));
    return {
      ...Object.fromEntries(inherited.map(([name, value]) => [name, value ?? ''])),
      NODE_ENV: 'development',
      INNGEST_DEV: this.options.serverUrl,
      E2E_SDK: sdk,
      E2E_ADAPTER: adapter,
      E2E_CHECKPOINTING: isCheckpointing ? 'on' : 'off',
      E2E_STREAMING: isStreaming ? 'on' : 'off',
      E2E_PORT: String(this.port),
      E2E_APP_ID: this.options.appId ?? 'e2e',
      E2E_RECORDS: this.recordsPath,
      E2E_PROVIDER: this.options.providerUrl ?? '',
      E2E_OMIT: this.omitted.join(','),
      E2E_CRON: this.options.hasCron ? 'on' : 'off',
      ...this.options.env,
    };
  }
}
