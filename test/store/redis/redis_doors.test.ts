/** The ways in: passwords, users, databases, Unix sockets, TLS. */
import { beforeAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRedis } from '../../../src/store/redis/redis_access.ts';
import { RedisSetupError } from '../../../src/store/redis/redis_fault.ts';
import type { RedisStore } from '../../../src/store/redis/redis_store.ts';
import { eventually } from '../../eventually.ts';
import { hear, hearWake, RedisBed, rejection } from './redis_bed.ts';

const bed = new RedisBed();

/** Scripts, messages and a second connection: everything that goes through a door. */
async function useDoor(store: RedisStore): Promise<void> {
  const heard = hear(store);
  expect(await store.run('bed_call', ['SET', 'x', '1'])).toBe('OK');
  await hearWake(store, heard);
}

test('a password', async () => {
  const server = await bed.server({
    args: ['--requirepass', 's@c/r%t'],
    urlOf: (port) => `redis://:${encodeURIComponent('s@c/r%t')}@127.0.0.1:${port}`,
  });
  await useDoor(await bed.store(server.url));
});

test('a user who may do what the scripts need, and nothing else', async () => {
  const may = ['on', '>x', '-@all', '+@scripting', '+@read', '+@write', '+@pubsub', '+@connection'];
  const args = ['--user', 'ann', ...may, '~{bed}*', '&{bed}:*'];
  const server = await bed.server({ args });
  const store = await bed.store(`redis://ann:x@127.0.0.1:${server.port}`);
  await useDoor(store);
  expect((await rejection(store.run('bed_command', ['GET', 'other']))).message).toContain(
    "can't access at least one of the keys",
  );
});

test('a database number', async () => {
  const server = await bed.server();
  await useDoor(await bed.store(`${server.url}/5`));
  const connection = await connectRedis(`${server.url}/5`).masterOf('{bed}');
  expect(await connection.sendCommand(['GET', '{bed}:x'])).toBe('1');
  await connection.sendCommand(['SELECT', '0']);
  expect(await connection.sendCommand(['GET', '{bed}:x'])).toBeNull();
  connection.close();
});

test('a Unix socket', async () => {
  const server = await bed.server({
    args: ['--unixsocket', 'redis.sock', '--requirepass', 'x'],
    urlOf: (port) => `redis://:x@127.0.0.1:${port}`,
  });
  const store = await bed.store(`unix://:x@${server.directory}/redis.sock?db=1`);
  await useDoor(store);
  await server.kill();
  await eventually(() => store.trouble());
  expect(store.trouble()).toStartWith(
    `Redis at unix://${server.directory}/redis.sock?db=1 has been away`,
  );
  await server.resume();
  await eventually(() => store.trouble() === null);
  await useDoor(store);
});

test('two prefixes in one database do not meet', async () => {
  const server = await bed.server();
  const [one, two] = [
    await bed.store(server.url),
    await bed.store(server.url, { prefix: '{other}' }),
  ];
  await one.run('bed_call', ['SET', 'x', 'one']);
  expect(await two.run('bed_call', ['GET', 'x'])).toBeNull();
});

let folder = '';
const file = (name: string): string => join(folder, name);

/** An authority, and certificates that it vouches for. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inngest-tls-'));
  bed.keep({ dispose: () => rm(folder, { recursive: true, force: true }) });
  await Bun.write(file('names'), 'subjectAltName=DNS:redis.test,IP:127.0.0.1');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl('req', '-x509', ...key, '-subj', '/CN=authority', '-days', '2', ...out('ca'));
  for (const name of ['server', 'client']) {
    await openssl(
      'req',
      ...key,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      file(`${name}.key`),
      '-out',
      file('request'),
    );
    const by = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'];
    await openssl(
      'x509',
      '-req',
      '-in',
      file('request'),
      ...by,
      '-days',
      '2',
      '-extfile',
      file('names'),
      '-out',
      file(`${name}.pem`),
    );
  }
});

function out(name: string): string[] {
  return ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
}

async function openssl(...args: string[]): Promise<void> {
  const child = Bun.spawn(['openssl', ...args], { stdout: 'ignore', stderr: 'pipe' });
  if ((await child.exited) !== 0) throw new Error(await new Response(child.stderr).text());
}

/** A server that talks TLS beside its plain port. */
async function tlsServer(...args: string[]) {
  const { freePort } = await import('../../free_port.ts');
  const tlsPort = await freePort();
  await bed.server({
    args: [
      ...['--tls-port', String(tlsPort), '--tls-ca-cert-file', file('ca.pem')],
      ...['--tls-cert-file', file('server.pem'), '--tls-key-file', file('server.key')],
      ...args,
    ],
  });
  return `rediss://127.0.0.1:${tlsPort}`;
}

test('TLS with a certificate of an authority that we are told to trust', async () => {
  const uri = await tlsServer('--tls-auth-clients', 'no');
  await useDoor(await bed.store(`${uri}?ca=${file('ca.pem')}`));
  await useDoor(await bed.store(`${uri}?ca=${file('ca.pem')}&servername=redis.test`));
  await useDoor(await bed.store(`${uri}?insecure=true`));
});

test('TLS with a certificate that is not to be trusted is refused at once, with what to do', async () => {
  const uri = await tlsServer('--tls-auth-clients', 'no');
  const unknown = await rejection(bed.store(uri));
  expect(unknown).toBeInstanceOf(RedisSetupError);
  expect(unknown.message).toContain('is not trusted');
  expect(unknown.message).toContain('?ca=FILE');
  const misnamed = await rejection(bed.store(`${uri}?ca=${file('ca.pem')}&servername=other.test`));
  expect(misnamed).toBeInstanceOf(RedisSetupError);
  const missing = await rejection(bed.store(`${uri}?ca=${file('missing.pem')}`));
  expect(missing).toBeInstanceOf(RedisSetupError);
  expect(missing.message).toContain(`cannot read ${file('missing.pem')}`);
});

test('TLS with a certificate of our own', async () => {
  const uri = await tlsServer('--tls-auth-clients', 'yes');
  const own = `cert=${file('client.pem')}&key=${file('client.key')}`;
  await useDoor(await bed.store(`${uri}?ca=${file('ca.pem')}&${own}`));
});
