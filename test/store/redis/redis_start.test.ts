/** Starting on a Redis that cannot be used: what is said, and how soon. */
import { expect, test } from 'bun:test';
import { createServer } from 'node:net';
import { connectRedis } from '../../../src/store/redis/redis_access.ts';
import { RedisSetupError } from '../../../src/store/redis/redis_fault.ts';
import { RedisUriError } from '../../../src/store/redis/redis_uri.ts';
import { ScriptError } from '../../../src/store/store.ts';
import { eventually } from '../../eventually.ts';
import { FakeClock } from '../../fake_clock.ts';
import { freePort } from '../../free_port.ts';
import { RedisBed, rejection } from './redis_bed.ts';

const bed = new RedisBed();

test('a Redis that is not there is waited for, then the start fails and says why', async () => {
  const linkClock = new FakeClock();
  const uri = `redis://:secret@127.0.0.1:${await freePort()}`;
  let isOver = false;
  const failure = rejection(bed.store(uri, { linkClock })).finally(() => {
    isOver = true;
  });
  const startMs = linkClock.now();
  await eventually(
    () => {
      if (!isOver) linkClock.advance(250);
      return isOver;
    },
    { intervalMs: 5 },
  );
  expect(linkClock.now() - startMs).toBeGreaterThanOrEqual(5_000);
  expect((await failure).message).toMatch(
    /^Redis at redis:\/\/127\.0\.0\.1:\d+ cannot be used: connection refused\. Tried for 5 s; start it, or correct the Redis URI$/,
  );
  // Nothing goes on behind the caller's back.
  expect(linkClock.pending).toBe(0);
});

test('a Redis that comes up meanwhile is used', async () => {
  const server = await bed.server();
  await server.kill();
  const opening = bed.store(server.url);
  await server.resume();
  expect(await (await opening).run('bed_one', [])).toBe(1);
});

test.each([
  ['no password', 'redis://127.0.0.1:PORT', 'Redis asks for a password'],
  ['a wrong password', 'redis://:secret@127.0.0.1:PORT', 'refuses the user or password'],
  ['an unknown user', 'redis://bob:secret@127.0.0.1:PORT', 'refuses the user or password'],
  ['a database that is not there', 'redis://:right@127.0.0.1:PORT/99', 'DB index is out of range'],
  [
    'no channels',
    'redis://mute:x@127.0.0.1:PORT',
    'PUBLISH on the keys ~{bed}* and the channels &{bed}:*',
  ],
  ['no listening', 'redis://deaf:x@127.0.0.1:PORT', 'channels &PREFIX:*'],
  ['no keys', 'redis://keyless:x@127.0.0.1:PORT', 'keys ~PREFIX*'],
  ['no scripts', 'redis://plain:x@127.0.0.1:PORT', 'commands +@all'],
  ['a command that is missing', 'redis://halt:x@127.0.0.1:PORT', 'may not use HSET, PUBLISH on'],
  ['no Cluster', 'redis+cluster://:right@127.0.0.1:PORT', 'cluster support disabled'],
])('%s is refused at once', async (_, uri, words) => {
  const server = await bed.server({
    args: [
      ...['--requirepass', 'right'],
      ...['--user', 'mute', 'on', '>x', '+@all', '~*'],
      ...['--user', 'deaf', 'on', '>x', '+@all', '-psubscribe', '~*', '&*'],
      ...['--user', 'keyless', 'on', '>x', '+@all', '~other*', '&*'],
      ...['--user', 'halt', 'on', '>x', '+@all', '-publish', '-hset', '~*', '&*'],
      ...['--user', 'plain', 'on', '>x', '+@all', '-@scripting', '~*', '&*'],
    ],
    urlOf: (port) => `redis://:right@127.0.0.1:${port}`,
  });
  const error = await rejection(bed.store(uri.replace('PORT', String(server.port))));
  expect(error).toBeInstanceOf(RedisSetupError);
  expect(error.message).toContain(words);
  expect(error.message).not.toContain('secret');
});

test('a Cluster needs a prefix that keeps all keys together', async () => {
  const uri = 'redis+cluster://127.0.0.1:1';
  const error = await rejection(bed.store(uri, { prefix: 'inngest' }));
  expect(error).toBeInstanceOf(RedisSetupError);
  expect(error.message).toContain('needs braces');
});

test('keys that are only moved in part are not started on', async () => {
  const server = await bed.server();
  const connection = await connectRedis(server.url).masterOf('{bed}');
  await connection.sendCommand(['SET', '{bed}:migrating', 'today']);
  connection.close();
  const error = await rejection(bed.store(server.url));
  expect(error).toBeInstanceOf(RedisSetupError);
  expect(error.message).toContain('incomplete');
  await bed.store(server.url, { prefix: '{other}' });
});

test('a script that does not parse is refused at once', async () => {
  const server = await bed.server();
  const error = await rejection(bed.store(server.url, { extraScripts: { broken: 'return ((' } }));
  expect(error).toBeInstanceOf(ScriptError);
  expect(error.message).toStartWith('script broken: ');
});

test('a URI that cannot be read is refused at once', async () => {
  expect(await rejection(bed.store('localhost:6379'))).toBeInstanceOf(RedisUriError);
});

test('a Redis that is too old is refused at once, and named', async () => {
  const port = await oldServer();
  const error = await rejection(bed.store(`redis://127.0.0.1:${port}`));
  expect(error).toBeInstanceOf(RedisSetupError);
  expect(error.message).toContain('it is Redis 6.2.14, and Redis 7 is the oldest that works');
});

/** Answers like a Redis of another time: no such server can be installed here. */
async function oldServer(): Promise<number> {
  const info = 'redis_version:6.2.14\r\n';
  const server = createServer((socket) => {
    socket.on('data', (data) => {
      for (const command of data.toString().split(/(?=\*\d+\r\n)/)) {
        const isInfo = /\r\nINFO\r\n$/.test(command);
        const isScript = /\r\n(SCRIPT|EVAL)\r\n/.test(command);
        const other = isScript ? '-ERR Error compiling script (new function)\r\n' : '$-1\r\n';
        socket.write(isInfo ? `$${info.length}\r\n${info}\r\n` : other);
      }
    });
    socket.on('error', () => {});
  });
  bed.keep({ dispose: async () => void server.close() });
  const port = await freePort();
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  return port;
}
