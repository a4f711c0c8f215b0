import { afterEach, describe, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../ended_program.ts';
import { eventually } from '../eventually.ts';
import { startProgram, temporaryFolder } from './program.ts';

interface Running {
  readonly folder: string;
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

/** Starts the program in a folder with these files and collects its log lines. */
function start(
  args: readonly string[],
  env: Environment = {},
  files: Readonly<Record<string, string>> = {},
): Running {
  const folder = temporaryFolder();
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const child = startProgram(args, env, folder);
  const lines: Record<string, unknown>[] = [];
  void collect(child.stderr, lines);
  const running = { folder, child, lines };
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

  test('goes on after SIGHUP, also without documents', async () => {
    const server = start(['dev', '--in-memory', '--no-discovery', '--port', '0']);
    const { url } = await line(server, /server is ready/);
    server.child.kill('SIGHUP');
    await line(server, /there are no documents to read again/);
    expect((await fetch(`${url}/health`)).status).toBe(200);
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

describe('documents', () => {
  const flags = ['--in-memory', '--no-discovery', '--port', '0'];
  const document = (name: string, more = '') => `
package main

import defs "inngest.com/defs/v1"

function: defs.#Function & {
	id:   "hello"
	name: ${name}
	triggers: [{event: "a/b"}]
	steps: go: runtime: {type: "http", url: "http://127.0.0.1:9000/go"}
}
${more}`;
  const config = 'config: {eventAPI: {addr: "$HOST", maxSize: 2048}, log: level: "debug"}';

  test('are read at the start and when they change; what is broken changes nothing', async () => {
    const server = start(
      ['dev', ...flags],
      { HOST: 'localhost' },
      {
        'inngest.cue': document('"Hello"', config),
      },
    );
    const { url } = await line(server, /server is ready/);
    expect(url).toStartWith('http://localhost:');
    expect(await line(server, /documents were read/)).toMatchObject({
      sources: ['inngest.cue'],
      functions: 1,
    });
    const large = await fetch(`${url}/e/key`, { method: 'POST', body: ' '.repeat(2049) });
    expect(large.status).toBe(413);
    writeFileSync(join(server.folder, 'inngest.cue'), document('5', config));
    await line(server, /^inngest\.cue:8:\d+: function\.name: /);
    await line(server, /the functions read before stay as they are/);
    writeFileSync(join(server.folder, 'inngest.cue'), document('"Hello there"', config));
    expect(await line(server, /functions in documents have changed/)).toMatchObject({
      changed: ['cue-hello'],
    });
  }, 30_000);

  test('that are broken keep a server from starting, and everything is told', async () => {
    const server = start(
      ['dev', ...flags, '--functions', 'a.cue', '--functions', 'b.cue'],
      {},
      {
        'a.cue': document('5'),
        'b.cue': 'function: {',
      },
    );
    expect(await server.child.exited).toBe(1);
    await line(server, /^a\.cue:8:\d+: function\.name: /);
    await line(server, /^b\.cue:1:\d+: /);
    await line(server, /^Error: the server was not started/);
    expect(JSON.stringify(server.lines)).not.toContain('server is ready');
  }, 30_000);

  test('may come from the environment, which is not repeated', async () => {
    const env = { INNGEST_CONFIG: 'config: eventAPI: port: "s3cr3t-$NOT_SET"' };
    const server = start(['dev', ...flags], env);
    expect(await server.child.exited).toBe(1);
    await line(server, /^INNGEST_CONFIG:1:33: the environment variable NOT_SET is not set/);
    await line(server, /^Error: the server was not started/);
    expect(JSON.stringify(server.lines)).not.toContain('s3cr3t');
  });
});
