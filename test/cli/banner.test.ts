import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { bannerText } from '../../src/cli/banner.ts';
import { readSettings } from '../../src/cli/settings_reader.ts';
import { readFunctions } from '../../src/config/functions/read_functions.ts';

const url = 'http://127.0.0.1:8288';
const none = { sources: [], functions: [] };

function banner(
  flags: readonly (readonly [string, string])[] = [],
  declared: Parameters<typeof bannerText>[3] = none,
): string {
  const given = new Map(flags.map(([name, text]) => [name, [text]]));
  const surroundings = { env: {}, workingDirectory: join('/', 'shop'), isTerminal: true };
  const { settings } = readSettings('dev', given, surroundings);
  return bannerText(settings, url, false, declared);
}

function dataLine(...flags: readonly (readonly [string, string])[]): string {
  const line = banner(flags)
    .split('\n')
    .find((text) => text.includes('Data'));
  return line?.replace(/^ *Data +/, '') ?? '';
}

/** As documents declare them. */
function declared(triggersOf: Readonly<Record<string, readonly object[]>>) {
  const functions = Object.fromEntries(
    Object.entries(triggersOf).map(([id, triggers]) => [
      id,
      {
        ...{ id, name: id, triggers },
        steps: { only: { runtime: { type: 'http', url: 'http://127.0.0.1:9000/' } } },
      },
    ]),
  );
  const source = { name: 'inngest.cue', text: '' };
  const read = readFunctions([{ source, value: { functions } }]);
  expect(read.findings).toEqual([]);
  return { sources: ['inngest.cue'], functions: read.functions };
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

describe('the banner says what to do next', () => {
  test('with an app, where no document declares functions', () => {
    const text = banner();
    expect(text).toContain('Next: start your app with INNGEST_DEV=1, then send it an event');
    expect(text).toContain(`curl ${url}/e/dev -d '{"name":"test/hello","data":{}}'`);
    expect(text).not.toContain('Declared');
  });

  test('with functions of documents: an event that starts one of them', () => {
    const text = banner(
      [],
      declared({
        nightly: [{ cron: '0 3 * * *' }],
        picky: [{ event: 'a/b', expression: "event.data.x == '1'" }],
        any: [{ event: "shop/it's" }],
        last: [{ event: 'z/z' }],
      }),
    );
    expect(text).toContain(
      '  Declared  4 functions in inngest.cue: cue-nightly, cue-picky, cue-any and 1 more\n',
    );
    expect(text).toContain(`    curl ${url}/e/dev -d '{"name":"shop/it'\\''s","data":{}}'\n`);
    expect(text).not.toContain('your app');
    expect(text).not.toContain('satisfy');
  });

  test('and what the event needs, where every event has a condition', () => {
    const text = banner([], declared({ a: [{ event: 'a/b', expression: "event.data.x == '1'" }] }));
    expect(text).toContain('1 function in inngest.cue: cue-a\n');
    expect(text).toContain("It has to satisfy: event.data.x == '1'\n");
  });

  test('nothing, where all of them run by the clock', () => {
    const text = banner([], declared({ nightly: [{ cron: '0 3 * * *' }] }));
    expect(text).toContain('Next: nothing to send');
    expect(text).not.toContain('curl');
  });
});
