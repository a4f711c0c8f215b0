/** Redis takes times that no double counts exactly. On disk they are the last one that it does: the row can be read. */
import { expect, test } from 'bun:test';
import { openProbe, temporaryDirectory } from './probe.ts';

const storedMsMax = Number.MAX_SAFE_INTEGER;

const far: readonly (readonly string[])[] = [
  ['PEXPIREAT', 'k', '9007199254740991'],
  ['PEXPIREAT', 'k', '9007199254740993'],
  ['PEXPIREAT', 'k', '9223372036854775807'],
  ['PEXPIRE', 'k', '9007199254740000'],
  ['EXPIREAT', 'k', '9223372036854775'],
  ['EXPIRE', 'k', '9007199254741'],
  ['SET', 'k', 'v', 'PXAT', '9223372036854775807'],
  ['SET', 'k', 'v', 'EX', '9007199254741'],
  ['PSETEX', 'k', '9007199254740992', 'v'],
];

for (const command of far) {
  test(`${command.join(' ')} is taken, and the key is there after a restart`, async () => {
    const dataDir = temporaryDirectory();
    const before = await openProbe({ dataDir });
    before.call('SET', 'k', 'v');
    expect(before.call(...command)).toBe(command[0]?.includes('EXPIRE') ? 1 : 'OK');
    expect(before.call('PTTL', 'k')).toBeGreaterThanOrEqual(storedMsMax - before.clock.now());
    await before.store.close();
    const after = await openProbe({ dataDir });
    expect(after.call('GET', 'k')).toBe('v');
    expect(after.call('PTTL', 'k')).toBe(storedMsMax - after.clock.now());
    await after.store.close();
  });
}
