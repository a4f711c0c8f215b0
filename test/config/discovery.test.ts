import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findDocuments, watchedPaths } from '../../src/config/discovery.ts';
import type { Environment } from '../../src/config/environment.ts';

let root = '';
let work = '';
let system = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'inngest-discovery-'));
  work = join(root, 'work');
  system = join(root, 'etc');
  mkdirSync(work);
  mkdirSync(system);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, content: string | Uint8Array = `from: "${path}"`): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

function find(env: Environment = {}, explicit: readonly string[] = []) {
  return findDocuments({ explicit, workingDirectory: work, env, systemDirectory: system });
}

async function names(env: Environment = {}, explicit: readonly string[] = []) {
  const found = await find(env, explicit);
  return found.ok ? found.sources.map(({ name }) => name) : found.problems;
}

async function problemOf(env: Environment = {}, explicit: readonly string[] = []): Promise<string> {
  const found = await find(env, explicit);
  if (found.ok) throw new Error(`found ${JSON.stringify(found.sources)}`);
  return found.problems.map(({ source, message }) => `${source}: ${message}`).join('\n');
}

describe('the first level that has documents is taken', () => {
  test('nothing anywhere is no problem', async () => {
    expect(await find()).toEqual({ ok: true, sources: [], notes: [] });
    expect(await find({ INNGEST_CONFIG: ' ' })).toEqual({ ok: true, sources: [], notes: [] });
  });

  test('from the files that were named to the variable', async () => {
    const env = { INNGEST_CONFIG: 'config: {}' };
    expect(await names(env)).toEqual(['INNGEST_CONFIG']);
    put('etc/inngest/b.json');
    expect(await names(env)).toEqual([join(system, 'inngest/b.json')]);
    put('work/inngest.json');
    expect(await names(env)).toEqual(['inngest.json']);
    put('work/inngest.cue');
    expect(await names(env)).toEqual(['inngest.cue']);
    put('work/other.cue');
    expect(await names(env, ['other.cue'])).toEqual(['other.cue']);
  });

  test('the system has one level: its two files and the folder, sorted', async () => {
    for (const name of ['inngest.json', 'inngest.cue', 'inngest/b.cue', 'inngest/a.json']) {
      put(`etc/${name}`);
    }
    for (const name of ['.hidden.cue', 'notes.txt', 'cue', 'c.cue~', 'deeper/d.cue']) {
      put(`etc/inngest/${name}`);
    }
    expect(await names()).toEqual(
      ['inngest.cue', 'inngest.json', 'inngest/a.json', 'inngest/b.cue'].map((name) =>
        join(system, name),
      ),
    );
  });

  test('two files in the working directory: the JSON is passed over and that is said', async () => {
    put('work/inngest.cue');
    put('work/inngest.json');
    expect(await find()).toMatchObject({
      ok: true,
      sources: [{ name: 'inngest.cue' }],
      notes: [expect.stringContaining('inngest.json is not read')],
    });
  });

  test('what is there and cannot be read ends the search', async () => {
    put('etc/inngest.cue');
    mkdirSync(join(work, 'inngest.cue'));
    expect(await problemOf()).toBe('inngest.cue: is a folder');
  });
});

describe('files that were named', () => {
  test('are found from the working directory, each once', async () => {
    put('work/a.cue');
    put('b.json');
    const explicit = ['a.cue', '../b.json', './a.cue', join(work, 'a.cue')];
    expect(await names({}, explicit)).toHaveLength(2);
  });

  test('must exist and be files, and all that is wrong is told', async () => {
    const text = await problemOf({}, ['none.cue', '.', join(work, 'x/y.cue')]);
    expect(text.split('\n')).toEqual([
      'none.cue: there is no such file',
      '.: is a folder',
      `${join(work, 'x/y.cue')}: there is no such file`,
    ]);
  });

  test('may be links, but not pipes, loops or what is too large', async () => {
    put('real.cue');
    symlinkSync(join(root, 'real.cue'), join(work, 'link.cue'));
    expect(await names({}, ['link.cue'])).toEqual(['link.cue']);
    expect(await problemOf({}, ['/dev/null'])).toContain('is not a file');
    symlinkSync('loop.cue', join(work, 'loop.cue'));
    expect(await problemOf({}, ['loop.cue'])).toContain('leads back to itself');
    put('work/large.cue', new Uint8Array(1024 * 1024 + 1).fill(32));
    expect(await problemOf({}, ['large.cue'])).toContain('larger than 1 MiB');
  });

  test('may be pipes for who reads them once, up to a bound', async () => {
    const pipe = join(work, 'pipe');
    expect(Bun.spawnSync(['mkfifo', pipe]).exitCode).toBe(0);
    expect(await problemOf({}, ['pipe'])).toContain('Use a file');
    const once = { explicit: ['pipe'], workingDirectory: work, env: {}, isReadOnce: true };
    const [found] = await Promise.all([findDocuments(once), writeFile(pipe, 'a: 1')]);
    expect(found).toMatchObject({ sources: [{ name: 'pipe', text: 'a: 1' }] });
    expect(await findDocuments({ ...once, explicit: ['/dev/zero'] })).toMatchObject({
      problems: [{ message: expect.stringContaining('larger than 1 MiB') }],
    });
  });

  test('must be UTF-8; the mark that some editors begin with is dropped', async () => {
    put('work/bad.cue', new Uint8Array([0x61, 0xff]));
    expect(await problemOf({}, ['bad.cue'])).toContain('not UTF-8');
    put('work/marked.cue', '\uFEFFa: 1');
    expect(await find({}, ['marked.cue'])).toMatchObject({ sources: [{ text: 'a: 1' }] });
  });

  test('must be readable', async () => {
    put('work/closed.cue');
    chmodSync(join(work, 'closed.cue'), 0);
    // Root reads everything.
    if (process.getuid?.() === 0) return;
    expect(await problemOf({}, ['closed.cue'])).toContain('may not be read');
  });
});

describe('INNGEST_CONFIG', () => {
  test('is the path of a file where there is one', async () => {
    put('work/conf/my functions.cue', 'a: 1');
    const found = await find({ INNGEST_CONFIG: ' conf/my functions.cue ' });
    expect(found).toMatchObject({ sources: [{ name: 'conf/my functions.cue', text: 'a: 1' }] });
  });

  test.each(['{"id": "a"}', 'a: 1\nb: 2', 'function: id: "a"', 'package main'])(
    'is a document: %p',
    async (text) => {
      const found = await find({ INNGEST_CONFIG: text });
      expect(found).toMatchObject({ sources: [{ name: 'INNGEST_CONFIG', text }] });
    },
  );

  test('is never repeated when it is wrong', async () => {
    expect(await problemOf({ INNGEST_CONFIG: './s3cret.cue' })).toBe(
      'INNGEST_CONFIG: names a file that does not exist',
    );
    expect(await problemOf({ INNGEST_CONFIG: root })).toBe(
      'INNGEST_CONFIG: names something that is a folder',
    );
    const large = `{a: "${'x'.repeat(1024 * 1024)}"}`;
    expect(await problemOf({ INNGEST_CONFIG: large })).toBe(
      'INNGEST_CONFIG: is larger than 1 MiB: use files',
    );
  });
});

describe('options of the Inngest CLI', () => {
  const options = '{"sdk-url": ["http://localhost:3000/api/inngest"], "port": 9000}';

  test('in a file that was found are passed over, and what follows is looked at', async () => {
    put('work/inngest.json', options);
    put('etc/inngest.json', options);
    put('etc/inngest.cue');
    expect(await find()).toMatchObject({
      sources: [{ name: join(system, 'inngest.cue') }],
      notes: [
        expect.stringContaining('inngest.json holds options of the Inngest CLI'),
        expect.stringContaining('inngest.json holds options of the Inngest CLI'),
      ],
    });
  });

  test.each([
    ['inngest.yaml', 'INNGEST_CONFIG names a YAML file, which holds options'],
    ['options.json', 'INNGEST_CONFIG names options.json, which holds options'],
    [options, 'INNGEST_CONFIG holds options'],
  ])('in the variable (%s) are, too', async (value, note) => {
    put('work/inngest.yaml', options);
    put('work/options.json', options);
    expect(await find({ INNGEST_CONFIG: value })).toMatchObject({
      sources: [],
      notes: [expect.stringContaining(note)],
    });
  });

  test('in a file that was named are refused', async () => {
    put('work/a.json', options);
    expect(await problemOf({}, ['a.json'])).toContain('holds options of the Inngest CLI');
  });

  test.each(['{}', '{"id": "a", "port": 1}', '{"eventAPI": {"port": 1}}', '{"evnets": 1}', '[]'])(
    'are not %s',
    async (text) => {
      put('work/inngest.json', text);
      expect(await names()).toEqual(['inngest.json']);
    },
  );
});

describe('variables', () => {
  test('are put into every document, which keeps what was written', async () => {
    put('work/a.cue', 'host: "$HOST"');
    put('work/b.cue', 'step: "$trigger"');
    expect(await find({ HOST: 'h' }, ['a.cue', 'b.cue'])).toEqual({
      ok: true,
      sources: [
        {
          name: 'a.cue',
          text: 'host: "h"',
          written: 'host: "$HOST"',
          insertions: [{ writtenStart: 7, writtenLength: 5, textStart: 7, textLength: 1 }],
        },
        { name: 'b.cue', text: 'step: "$trigger"' },
      ],
      notes: [],
    });
  });

  test('that are not set are told together, with their places', async () => {
    put('work/a.cue', 'a: 1\nhost: "$HOST"');
    put('work/b.cue', '$OTHER');
    expect(await find({}, ['a.cue', 'b.cue'])).toMatchObject({
      ok: false,
      problems: [
        { source: 'a.cue', position: { line: 2, column: 8 } },
        { source: 'b.cue', position: { line: 1, column: 1 } },
      ],
      sources: [{ name: 'a.cue' }, { name: 'b.cue' }],
    });
  });
});

test('what is worth watching is where documents are or may appear', () => {
  const options = { workingDirectory: work, systemDirectory: system, explicit: [] };
  const env = { INNGEST_CONFIG: 'my.cue' };
  expect(watchedPaths({ ...options, env })).toEqual([
    ...['inngest.cue', 'inngest.json'].map((name) => join(work, name)),
    ...['inngest.cue', 'inngest.json', 'inngest'].map((name) => join(system, name)),
    join(work, 'my.cue'),
  ]);
  expect(watchedPaths({ ...options, env, explicit: ['x/a.cue'] })).toEqual([join(work, 'x/a.cue')]);
});
