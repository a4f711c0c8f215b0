/** What is said about which settings of a Redis server, as a table and on servers that are set up so. */
import { describe, expect, test } from 'bun:test';
import type { ServerFacts } from '../../../src/store/redis/server_facts.ts';
import { remarksOn, unsupportedReason } from '../../../src/store/redis/server_remarks.ts';
import { FakeClock } from '../../fake_clock.ts';
import { hasRedis } from '../../redis_server.ts';
import { RedisBed } from './redis_bed.ts';

const good: ServerFacts = {
  flavour: 'redis',
  version: '7.0.15',
  maxmemoryPolicy: 'noeviction',
  hasAppendOnlyFile: true,
  appendFsync: 'always',
  hasSnapshots: false,
};

test.each<[string, Partial<ServerFacts>, string[]]>([
  ['a careful server', {}, []],
  ['eviction', { maxmemoryPolicy: 'allkeys-lru' }, ['warn Redis may throw keys away']],
  [
    'a flush every second',
    { appendFsync: 'everysec' },
    ['info Redis flushes its append-only file'],
  ],
  ['no flush of its own', { appendFsync: 'no' }, ['warn Redis leaves it to the operating system']],
  [
    'snapshots only',
    { hasAppendOnlyFile: false, hasSnapshots: true },
    ['warn Redis saves snapshots only'],
  ],
  ['nothing on disk', { hasAppendOnlyFile: false }, ['warn Redis keeps nothing on disk']],
  [
    'no append-only file, snapshots untold',
    { hasAppendOnlyFile: false, hasSnapshots: null },
    ['warn Redis writes no append-only file'],
  ],
  [
    'a silent server',
    {
      version: null,
      maxmemoryPolicy: null,
      hasAppendOnlyFile: null,
      appendFsync: null,
      hasSnapshots: null,
    },
    [
      'warn Redis does not tell its version',
      'info Redis does not let us read maxmemory-policy (noeviction), appendonly (yes);',
    ],
  ],
  [
    'a managed server that tells INFO only',
    { appendFsync: null, hasSnapshots: null },
    ['info Redis does not let us read appendfsync (always or everysec);'],
  ],
])('%s: said in words', (_, facts, remarks) => {
  const said = remarksOn({ ...good, ...facts }).map(({ level, text }) => `${level} ${text}`);
  expect(said).toHaveLength(remarks.length);
  for (const [index, remark] of remarks.entries()) expect(said[index]).toStartWith(remark);
});

test.each([
  ['redis', '6.2.14', true],
  ['redis', '7.0.0', false],
  ['redis', '8.2.1', false],
  ['redis', 'unstable', false],
  ['valkey', '7.2.4', true],
  ['valkey', '8.0.1', false],
  ['valkey', '9.0.0', false],
] as const)('%s %s: whether it is too old', (flavour, version, isTooOld) => {
  expect(unsupportedReason({ ...good, flavour, version }) !== null).toBe(isTooOld);
});

describe('on real servers', () => {
  const bed = new RedisBed();

  async function remarksOf(args: readonly string[], url?: string, nowMs = Date.now()) {
    const server = await bed.server({ args });
    bed.lines.length = 0;
    const uri = url?.replace('PORT', String(server.port)) ?? server.url;
    await bed.store(uri, { clock: new FakeClock(nowMs) });
    return bed.lines.map(({ level, text }) => `${level} ${text.slice(0, 40)}`);
  }

  test('nothing on disk, and an LRU cache', async () => {
    expect(await remarksOf(['--maxmemory-policy', 'allkeys-lru'])).toEqual([
      'warn Redis may throw keys away when its memor',
      'warn Redis keeps nothing on disk (no append-o',
    ]);
  });

  test('snapshots only', async () => {
    expect(await remarksOf(['--save', '3600 1'])).toEqual([
      'warn Redis saves snapshots only: everything s',
    ]);
  });

  test('a flush every second', async () => {
    expect(await remarksOf(['--appendonly', 'yes'])).toEqual([
      'info Redis flushes its append-only file every',
    ]);
  });

  test('a flush for every write leaves nothing to say, but for a clock that is off', async () => {
    const args = ['--appendonly', 'yes', '--appendfsync', 'always'];
    expect(await remarksOf(args)).toEqual([]);
    expect(await remarksOf(args, undefined, Date.now() - 10_000)).toEqual([
      expect.stringMatching(/^warn the clock of Redis is 1\d\.\d s ahead of/),
    ]);
  });

  test('a server that forbids CONFIG is judged by INFO', async () => {
    const user = ['--user', 'ann', 'on', '>x', '+@all', '-config', '~*', '&*'];
    const args = ['--maxmemory-policy', 'allkeys-lru', '--appendonly', 'yes', ...user];
    expect(await remarksOf(args, 'redis://ann:x@127.0.0.1:PORT')).toEqual([
      'warn Redis may throw keys away when its memor',
      'info Redis does not let us read appendfsync (',
    ]);
  });

  test.if(hasRedis('valkey'))('Valkey is known by its own version', async () => {
    const server = await bed.server({ flavour: 'valkey' });
    await bed.store(server.url);
  });
});
