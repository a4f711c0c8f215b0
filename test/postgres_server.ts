/** A real PostgreSQL server of a test's own: a free port, a folder of its own, and the ways it goes away and comes back. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SQL } from 'bun';
import { eventually } from './eventually.ts';
import { freePort } from './free_port.ts';

/** Where Debian puts it. */
const programs = '/usr/lib/postgresql/15/bin';
/** The server refuses to run as root. */
const account = 'postgres';

const user = 'inngest';
/** Written as it must be in an address: @ and / are in it. */
const password = 'p%40ss%2Fword';

/** Whether this machine has the server. */
export function hasPostgres(): boolean {
  return existsSync(join(programs, 'postgres')) && (!isRoot() || ids(account) !== null);
}

export class PostgresServer {
  private constructor(
    readonly port: number,
    private readonly folder: string,
  ) {}

  /** Resolves once the server takes connections. */
  static async start(): Promise<PostgresServer> {
    const folder = await mkdtemp(join(tmpdir(), 'inngest-postgres-'));
    const server = new PostgresServer(await freePort(), folder);
    process.once('exit', server.#end);
    try {
      await server.#make();
      await server.resume();
      return server;
    } catch (error) {
      await server.dispose();
      throw error;
    }
  }

  /** Of a database, which has to be there. */
  urlOf(database: string): string {
    return `postgres://${user}:${password}@127.0.0.1:${this.port}/${database}`;
  }

  /** A new, empty database; resolves with its address. */
  async createDatabase(name: string): Promise<string> {
    const admin = new SQL({ url: this.urlOf('postgres'), max: 1 });
    try {
      await admin.unsafe(`CREATE DATABASE ${name}`);
    } finally {
      await admin.close();
    }
    return this.urlOf(name);
  }

  async resume(): Promise<void> {
    const settings = [
      `-p ${this.port}`,
      `-k ${this.folder}`,
      '-c listen_addresses=127.0.0.1',
      // A test's data need not survive a power cut.
      '-c fsync=off',
      '-c shared_buffers=32MB',
    ];
    const log = join(this.folder, 'server.log');
    await this.#control('start', '-w', '-l', log, '-o', settings.join(' '));
  }

  /** Ends the server at once: connections break, nothing is lost. */
  async stop(): Promise<void> {
    await this.#control('stop', '-m', 'immediate');
  }

  /** The server hangs: it takes connections and answers nothing, and those that are open stay open. */
  async pause(): Promise<void> {
    const pid = this.#pid();
    if (pid === null) return;
    process.kill(pid, 'SIGSTOP');
    // It makes a process for each connection: those that are being made now have to be stopped too.
    await eventually(() => isStopped(pid));
    for (const child of childrenOf(pid)) process.kill(child, 'SIGSTOP');
  }

  /** Goes on as if nothing had been. */
  unpause(): void {
    const pid = this.#pid();
    if (pid === null || !isStopped(pid)) return;
    for (const child of childrenOf(pid)) process.kill(child, 'SIGCONT');
    process.kill(pid, 'SIGCONT');
  }

  async dispose(): Promise<void> {
    process.off('exit', this.#end);
    this.unpause();
    if (this.#pid() !== null) await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The server is a process of its own: it would outlive a test that is broken off. */
  readonly #end = (): void => {
    this.unpause();
    const pid = this.#pid();
    if (pid !== null) process.kill(pid, 'SIGQUIT');
    rmSync(this.folder, { recursive: true, force: true });
  };

  /** The server's own file says it in its first line. */
  #pid(): number | null {
    const path = join(this.#data, 'postmaster.pid');
    if (!existsSync(path)) return null;
    return Number(readFileSync(path, 'utf8').split('\n')[0]);
  }

  get #data(): string {
    return join(this.folder, 'data');
  }

  async #make(): Promise<void> {
    await mkdir(this.#data);
    const secret = join(this.folder, 'password');
    await Bun.write(secret, decodeURIComponent(password));
    const owner = isRoot() ? ids(account) : null;
    if (owner !== null) {
      for (const path of [this.folder, this.#data, secret]) await chown(path, owner.uid, owner.gid);
    }
    const login = ['-U', user, '-A', 'scram-sha-256', `--pwfile=${secret}`];
    await run('initdb', [
      '-D',
      this.#data,
      ...login,
      '--no-sync',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
    ]);
  }

  async #control(action: string, ...args: string[]): Promise<void> {
    await run('pg_ctl', [action, '-D', this.#data, ...args]);
  }
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const other = isRoot()
    ? ['setpriv', `--reuid=${account}`, `--regid=${account}`, '--clear-groups']
    : [];
  const log = join(tmpdir(), `inngest-postgres-${process.pid}-${program}.log`);
  // Into a file: the server that stays would keep a pipe open.
  const child = Bun.spawn([...other, join(programs, program), ...args], {
    cwd: '/',
    stdin: 'ignore',
    stdout: Bun.file(log),
    stderr: Bun.file(log),
  });
  const code = await child.exited;
  const said = await Bun.file(log).text();
  await rm(log, { force: true });
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${said}`);
}

function isStopped(pid: number): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text
    .split(' ')
    .filter((child) => child !== '')
    .map(Number);
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function ids(name: string): { readonly uid: number; readonly gid: number } | null {
  const [uid, gid] = ['-u', '-g'].map((which) => {
    const asked = Bun.spawnSync(['id', which, name], { stderr: 'ignore' });
    return asked.success ? Number(asked.stdout.toString()) : null;
  });
  return uid == null || gid == null ? null : { uid, gid };
}
