import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { bannerText } from '../../src/cli/banner.ts';
import { readSettings } from '../../src/cli/settings_reader.ts';

function dataLine(...flags: readonly (readonly [string, string])[]): string {
  const given = new Map(flags.map(([name, text]) => [name, [text]]));
  const surroundings = { env: {}, workingDirectory: join('/', 'shop'), isTerminal: true };
  const { settings } = readSettings('dev', given, surroundings);
  const banner = bannerText(settings, 'http://127.0.0.1:8288', false);
  const line = banner.split('\n').find((text) => text.includes('Data'));
  return line?.replace(/^ *Data +/, '') ?? '';
}

describe('the banner says where data is', () => {
  const folder = join('/', 'shop', '.inngest');
  const redis = ['redis-uri', 'redis://:s3cret@queue.test:6379'] as const;
  const postgres = [
    'postgres-uri',
    'postgres://me:s3cret@db.test:5432/inngest?password=s3cret',
  ] as const;

  test('in a folder, or nowhere', () => {
    expect(dataLine()).toBe(folder);
    expect(dataLine(['in-memory', 'true'])).toBe('in memory, gone when the server ends');
  });

  test('in databases elsewhere, without their secrets', () => {
    expect(dataLine(redis)).toEndWith(`keys {inngest}; history in ${folder}`);
    expect(dataLine(postgres)).toBe(`${folder}; history in postgres://db.test:5432/inngest`);
    expect(dataLine(redis, postgres)).toEndWith(
      'keys {inngest}; history in postgres://db.test:5432/inngest',
    );
    expect(dataLine(redis, postgres)).not.toContain('s3cret');
    expect(dataLine(redis, postgres)).not.toContain(folder);
  });
});
