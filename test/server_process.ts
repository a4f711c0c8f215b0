/**
 * The server under test as its own process: a free port, its own data directory, its logs, and the ways a
 * server ends (asked to, killed, restarted). The compiled binary by default, built when the sources are
 * newer; `INNGEST_TEST_SOURCE=1` runs the sources instead, `INNGEST_TEST_BINARY=<file>` another binary as it is.
 */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free_port.ts';

const repository = resolve(import.meta.dir, '..');
const binary = join(repository, 'dist', 'inngest');
/** What goes into the binary: a change in any of these makes it stale. */
const sources = ['src', 'lua', 'cue', 'proto', 'build.ts', 'package.json'];
const startDeadlineMs = 20_000;
const stopDeadlineMs = 40_000;

export interface ServerOptions {
  readonly mode?: 'dev' | 'start';
  /** Fixed retry delay in seconds; null keeps the backoff table. */
  readonly retryIntervalS?: number | null;
  /** False keeps everything in memory. */
  readonly isDurable?: boolean;
  /** A folder that outlives the server and that others may share; its own one unless given. */
  readonly dataDir?: string;
  readonly isDiscoveryOn?: boolean;
  readonly isPollingOn?: boolean;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

async function newestChangeMs(path: string): Promise<number> {
  const entry = await stat(path).catch(() => null);
  if (!entry) return 0;
  if (!entry.isDirectory()) return entry.mtimeMs;
  const inside = await Promise.all(
    (await readdir(path)).map((name) => newestChangeMs(join(path, name))),
  );
  return Math.max(0, ...inside);
}

async function buildBinary(): Promise<string> {
  const built = await stat(binary).catch(() => null);
  const changed = await Promise.all(sources.map((name) => newestChangeMs(join(repository, name))));
  if (built && built.mtimeMs >= Math.max(...changed)) return binary;
  const build = Bun.spawn([process.execPath, 'build.ts'], {
    cwd: repository,
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err, code] = await Promise.all([
    new Response(build.stdout).text(),
    new Response(build.stderr).text(),
    build.exited,
  ]);
  if (code !== 0) throw new Error(`bun build.ts failed with exit code ${code}:\n${out}${err}`);
  return binary;
}

let building: Promise<string> | undefined;

/** The command that runs the server; builds the binary once per test process when it is missing or stale. */
export async function serverCommand(): Promise<string[]> {
  if (process.env.INNGEST_TEST_SOURCE === '1') {
    return [process.execPath, join(repository, 'src', 'main.ts')];
  }
  if (process.env.INNGEST_TEST_BINARY) return [resolve(process.env.INNGEST_TEST_BINARY)];
  building ??= buildBinary();
  return [await building];
}

export class ServerProcess {
  readonly url: string;
  private child: Bun.Subprocess | undefined;
  private launches = 0;

  private constructor(
    private readonly command: readonly string[],
    private readonly options: ServerOptions,
    readonly port: number,
    readonly directory: string,
  ) {
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts a server and resolves once it answers `/health`. */
  static async start(options: ServerOptions = {}): Promise<ServerProcess> {
    const directory = await mkdtemp(join(tmpdir(), 'inngest-test-'));
    const server = new ServerProcess(await serverCommand(), options, await freePort(), directory);
    try {
      await server.launch();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  /** Where the server keeps its data. */
  get dataDir(): string {
    return this.options.dataDir ?? join(this.directory, 'data');
  }

  /** Whether it was started and has not been ended by the test. */
  get isRunning(): boolean {
    return this.child !== undefined;
  }

  get pid(): number {
    if (!this.child) throw new Error('the server is not running');
    return this.child.pid;
  }

  /** Everything the server has written, over all launches. */
  async logs(): Promise<string> {
    const parts: string[] = [];
    for (let launch = 1; launch <= this.launches; launch++) {
      const file = Bun.file(this.logPath(launch));
      if (await file.exists()) parts.push(await file.text());
    }
    return parts.join('');
  }

  /** Asks the server to end (SIGTERM) and resolves with its exit code. */
  async stop(): Promise<number> {
    const child = this.child;
    if (!child) return 0;
    child.kill('SIGTERM');
    const code = await Promise.race([child.exited, Bun.sleep(stopDeadlineMs).then(() => null)]);
    if (code === null) {
      await this.kill();
      throw new Error(
        `the server did not end within ${stopDeadlineMs} ms of SIGTERM\n${await this.logs()}`,
      );
    }
    if (this.child === child) this.child = undefined;
    return code;
  }

  /** Ends the server at once (SIGKILL): what a power cut looks like to the data directory. */
  async kill(): Promise<void> {
    const child = this.child;
    if (!child) return;
    child.kill('SIGKILL');
    await child.exited;
    if (this.child === child) this.child = undefined;
  }

  /** Starts the server again on the same data directory and port; it must have ended before. */
  async restart(): Promise<void> {
    if (this.child) await this.stop();
    await this.launch();
  }

  /** As `restart`, without waiting: see `whenHealthy`. The server must have ended before. */
  spawn(): void {
    this.launches++;
    const output = Bun.file(this.logPath(this.launches));
    const child = Bun.spawn([...this.command, ...this.flags()], {
      cwd: this.directory,
      // INNGEST_* of the developer's shell must not leak into the server under test.
      env: { ...inheritedEnvironment(), ...this.options.env },
      stdin: 'ignore',
      stdout: output,
      stderr: output,
    });
    this.child = child;
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    void child.exited.then(() => process.off('exit', end));
  }

  /** Resolves once the server answers `/health`. Throws when it ends by itself or takes too long. */
  async whenHealthy(): Promise<void> {
    const child = this.child;
    if (!child) throw new Error('the server is not running');
    await eventually(
      async () => {
        if (child.exitCode !== null) return true;
        return this.isHealthy();
      },
      { deadlineMs: startDeadlineMs, intervalMs: 5, what: 'a healthy server' },
    ).catch(async (error) => {
      throw new Error(`${error}\n${await this.logs()}`);
    });
    if (child.exitCode !== null) {
      throw new Error(`the server ended with exit code ${child.exitCode}\n${await this.logs()}`);
    }
  }

  /** Ends the server without ceremony and deletes its directory. */
  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  async isHealthy(): Promise<boolean> {
    const answer = await fetch(`${this.url}/health`).catch(() => null);
    await answer?.arrayBuffer();
    return answer?.status === 200;
  }

  private async launch(): Promise<void> {
    this.spawn();
    await this.whenHealthy();
  }

  private flags(): string[] {
    const { mode = 'dev', retryIntervalS = 1, isDurable = true } = this.options;
    const flags = [mode, '--host', '127.0.0.1', '--port', String(this.port)];
    if (mode === 'dev') {
      if (!this.options.isDiscoveryOn) flags.push('--no-discovery');
      if (!this.options.isPollingOn) flags.push('--no-poll');
    }
    if (isDurable) flags.push('--data-dir', this.dataDir);
    else flags.push('--in-memory');
    if (retryIntervalS !== null) flags.push('--retry-interval', String(retryIntervalS));
    return [...flags, ...(this.options.args ?? [])];
  }

  private logPath(launch: number): string {
    return join(this.directory, `server-${launch}.log`);
  }
}

function inheritedEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('INNGEST_'));
  return Object.fromEntries(kept.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
