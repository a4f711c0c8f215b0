import { afterEach, describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { eventually } from '../eventually.ts';
import { type Environment, startProgram, temporaryFolder } from './program.ts';

interface Running {
  readonly child: ReturnType<typeof startProgram>;
  readonly lines: Record<string, unknown>[];
}

const started: Running[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.map(({ child }) => child.exited));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  started.length = 0;
  folders.length = 0;
});

/** Starts the program and collects its log lines. */
function start(args: readonly string[], env: Environment = {}): Running {
  const folder = temporaryFolder();
  folders.push(folder);
  const child = startProgram(args, env, folder);
  const lines: Record<string, unknown>[] = [];
  void collect(child.stderr, lines);
  const running = { child, lines };
  started.push(running);
  return running;
}

/** Anything that is not a log line, such as a stack trace, is kept as one, so that a failure shows it. */
async function collect(stream: ReadableStream<Uint8Array>, lines: Record<string, unknown>[]) {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) lines.push(part.startsWith('{') ? JSON.parse(part) : { msg: part });
  }
}

function line({ lines }: Running, message: RegExp): Promise<Record<string, unknown>> {
  return eventually(() => lines.find(({ msg }) => message.test(String(msg))), {
    what: `a log line like ${message} in ${JSON.stringify(lines)}`,
  });
}

/** A server of another project: it has the port on this machine's loopback address. */
function takePort(port: number): { readonly port: number; stop(): void } {
  const listener = Bun.listen({ hostname: '127.0.0.1', port, socket: { data: () => undefined } });
  return { port: listener.port, stop: () => listener.stop(true) };
}

describe('a server', () => {
  test('says where it is and answers there', async () => {
    const server = start(['dev', '--in-memory', '--no-discovery', '--port', '0']);
    const { url } = await line(server, /server is ready/);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 after %s', async (signal) => {
    const server = start(['dev', '--in-memory', '--no-discovery', '--port', '0']);
    await line(server, /server is ready/);
    server.child.kill(signal);
    expect(await server.child.exited).toBe(0);
    await line(server, /^stopped$/);
  });

  test('refuses a port that was chosen and is taken', async () => {
    const other = takePort(0);
    const server = start(['dev', '--in-memory', '--no-discovery', '--port', String(other.port)]);
    expect(await server.child.exited).toBe(1);
    expect(await line(server, /is taken/)).toMatchObject({ level: 'error' });
    other.stop();
  });

  test('keeps its key out of the log', async () => {
    const key = 'cd'.repeat(32);
    const flags = ['--in-memory', '--host', '127.0.0.1', '--port', '0', '-l', 'debug'];
    const server = start(['start', '--signing-key', key, '--event-key', 'hush-hush', ...flags]);
    await line(server, /server is ready/);
    expect(JSON.stringify(server.lines)).not.toMatch(new RegExp(`${key}|hush-hush`));
  });
});
