/** Which URIs lead where, what is said about those that lead nowhere, and that no password is ever said. */
import { expect, test } from 'bun:test';
import {
  parseRedisUri,
  RedisUriError,
  redactRedisUri,
} from '../../../src/store/redis/redis_uri.ts';

const nobody = { user: undefined, password: undefined };
const noTlsFiles = {
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
  serverName: undefined,
  isInsecure: false,
};

test.each([
  ['redis://db', { address: { host: 'db', port: 6379 }, database: 0, shown: 'redis://db:6379' }],
  [
    'redis://db:7000/3',
    { address: { host: 'db', port: 7000 }, database: 3, shown: 'redis://db:7000/3' },
  ],
  [
    'redis://[::1]:7000/',
    { address: { host: '::1', port: 7000 }, database: 0, shown: 'redis://[::1]:7000' },
  ],
  [
    'redis://:s%40c%2Fret@db',
    { login: { user: undefined, password: 's@c/ret' }, shown: 'redis://db:6379' },
  ],
  [
    'redis://ann:se@cret@db',
    { login: { user: 'ann', password: 'se@cret' }, shown: 'redis://ann@db:6379' },
  ],
  ['REDIS://db', { tls: null }],
  ['rediss://db', { tls: noTlsFiles, shown: 'rediss://db:6379' }],
  [
    'rediss://db?ca=/a.pem&cert=/c.pem&key=/k.pem&servername=x&insecure=true',
    {
      tls: {
        caFile: '/a.pem',
        certFile: '/c.pem',
        keyFile: '/k.pem',
        serverName: 'x',
        isInsecure: true,
      },
    },
  ],
  [
    'unix:///run/redis.sock?db=2',
    { address: { path: '/run/redis.sock' }, database: 2, shown: 'unix:///run/redis.sock?db=2' },
  ],
  [
    'redis+unix://ann:x@/run/a%20b.sock',
    { login: { user: 'ann', password: 'x' }, address: { path: '/run/a b.sock' } },
  ],
])('%s names one server', (uri, target) => {
  expect(parseRedisUri(uri)).toMatchObject({ kind: 'single', ...target });
});

test('a Sentinel URI names the Sentinels, the master and both logins', () => {
  const uri =
    'rediss+sentinel://ann:x@h1,h2:5000/my%20master/4?sentinelUser=sam&sentinelPassword=y';
  expect(parseRedisUri(uri)).toEqual({
    kind: 'sentinel',
    sentinels: [
      { host: 'h1', port: 26_379 },
      { host: 'h2', port: 5000 },
    ],
    masterName: 'my master',
    database: 4,
    login: { user: 'ann', password: 'x' },
    sentinelLogin: { user: 'sam', password: 'y' },
    tls: noTlsFiles,
    shown: 'rediss+sentinel://ann@h1:26379,h2:5000/my master/4',
  });
});

test('a Cluster URI names nodes to begin with', () => {
  expect(parseRedisUri('redis+cluster://h1,h2:7001')).toEqual({
    kind: 'cluster',
    nodes: [
      { host: 'h1', port: 6379 },
      { host: 'h2', port: 7001 },
    ],
    database: 0,
    login: nobody,
    tls: null,
    shown: 'redis+cluster://h1:6379,h2:7001',
  });
});

test.each([
  ['', 'this is not a Redis URI'],
  ['localhost:6379', 'this is not a Redis URI'],
  ['http://db', 'this is not a Redis URI'],
  ['redis://', 'host or host:port'],
  ['redis://a,b', 'names one server'],
  ['redis://db:0', 'host or host:port'],
  ['redis://db:99999', 'host or host:port'],
  ['redis://db/one', 'the database of a Redis URI is a number'],
  ['redis://db/-1', 'the database of a Redis URI is a number'],
  ['redis://ann@db', 'needs a password'],
  ['redis://:100%secret@db', 'write it as %25'],
  ['redis://:sec/ret@db', 'are written as %2F %3F %23 and %40'],
  ['redis://:sec?ret@db', 'are written as %2F %3F %23 and %40'],
  ['redis://:sec#ret@db', 'are written as %2F %3F %23 and %40'],
  ['redis://db?secret=1', 'takes no options'],
  ['redis://db?ca=/a', 'the option ca is for TLS'],
  ['rediss://db?cert=/secret', 'cert and key of a Redis URI come together'],
  ['rediss://db?insecure=secret', 'insecure of a Redis URI is true or false'],
  ['unix://db/run/redis.sock', 'needs a path'],
  ['unix://', 'needs a path'],
  ['redis+sentinel://h1', "ends in the master's name"],
  ['redis+cluster://h1/1', 'database 0 only'],
])('%p is refused with words that say what to do', (uri, words) => {
  expect(() => parseRedisUri(uri)).toThrow(RedisUriError);
  expect(() => parseRedisUri(uri)).toThrow(words);
  expect(() => parseRedisUri(uri)).not.toThrow('secret');
  expect(redactRedisUri(uri)).toBe('(a Redis URI that cannot be read)');
});

test('a URI is shown without its secrets', () => {
  expect(redactRedisUri('rediss+sentinel://u:secret@h/m?sentinelPassword=secret&ca=/a')).toBe(
    'rediss+sentinel://u@h:26379/m',
  );
});
