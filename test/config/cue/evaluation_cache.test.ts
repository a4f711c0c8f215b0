import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EvaluationCache } from '../../../src/config/cue/evaluation_cache.ts';

const entriesMax = 256;
let dataDir: string;
let cache: EvaluationCache;
let warnings: string[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'documents-'));
  warnings = [];
  cache = new EvaluationCache(dataDir, (message) => warnings.push(message));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const folder = () => join(dataDir, 'documents');
const value = { function: { id: 'a' } };
const documentOf = (text: string, wasmText = text) => ({
  source: { name: 'x.cue', text },
  wasmText,
});

async function onlyEntry(): Promise<string> {
  const names = await readdir(folder());
  expect(names).toHaveLength(1);
  return join(folder(), names[0] ?? '');
}

describe('the cache of values', () => {
  test('finds what it keeps, for just that text', async () => {
    await cache.keep(documentOf('text'), value);
    expect(await cache.find(documentOf('text'))).toEqual(value);
    expect(await cache.find(documentOf('text '))).toBeNull();
    expect(await new EvaluationCache(dataDir, () => undefined).find(documentOf('text'))).toEqual(
      value,
    );
  });

  test('finds nothing when the schema, or anything else that is put behind the text, is another', async () => {
    await cache.keep(documentOf('text', 'text and schema'), value);
    expect(await cache.find(documentOf('text', 'text and another schema'))).toBeNull();
    expect(await cache.find(documentOf('text', 'text and schema'))).toEqual(value);
  });

  test('remembers where values stand, with those that it knew before', async () => {
    const document = documentOf('text');
    await cache.keepPlaces(document, { a: { line: 1, column: 2 } });
    expect(await cache.findPlaces(document)).toEqual({});
    await cache.keep(document, value);
    await cache.keepPlaces(document, { a: { line: 1, column: 2 } });
    await cache.keepPlaces(document, { 'b[0]': null });
    expect(await cache.findPlaces(document)).toEqual({ a: { line: 1, column: 2 }, 'b[0]': null });
    expect(await cache.find(document)).toEqual(value);
  });

  test('has nothing to say before it keeps anything', async () => {
    expect(await cache.find(documentOf('text'))).toBeNull();
    expect(warnings).toEqual([]);
  });

  test('can be read by its owner only', async () => {
    await cache.keep(documentOf('text'), value);
    expect((await stat(await onlyEntry())).mode & 0o777).toBe(0o600);
    expect((await stat(folder())).mode & 0o777).toBe(0o700);
  });

  test.each([
    ['cut short', '{"key":'],
    ['empty', ''],
    ['something else', '[1]'],
    ['of another document', '{"key":"other","value":{"function":1}}'],
  ])('ignores an entry that is %s, and replaces it', async (_, damaged) => {
    await cache.keep(documentOf('text'), value);
    await writeFile(await onlyEntry(), damaged);
    expect(await cache.find(documentOf('text'))).toBeNull();
    await cache.keep(documentOf('text'), value);
    expect(await cache.find(documentOf('text'))).toEqual(value);
  });

  test('does not keep what is large', async () => {
    await cache.keep(documentOf('text'), { function: 'x'.repeat(1024 * 1024) });
    expect(await cache.find(documentOf('text'))).toBeNull();
    expect(warnings).toEqual([]);
  });

  test('forgets what was used longest ago', async () => {
    await cache.keep(documentOf('old'), value);
    const old = await onlyEntry();
    await cache.keep(documentOf('used'), value);
    const past = new Date(0);
    for (const name of await readdir(folder())) await utimes(join(folder(), name), past, past);
    expect(await cache.find(documentOf('used'))).toEqual(value);
    await Promise.all(
      Array.from({ length: entriesMax - 2 }, (_, index) =>
        writeFile(join(folder(), `${index}.json`), ''),
      ),
    );
    await cache.keep(documentOf('new'), value);
    expect(await readdir(folder())).toHaveLength(entriesMax);
    expect(await Bun.file(old).exists()).toBeFalse();
    expect(await cache.find(documentOf('used'))).toEqual(value);
  });

  test('says so when nothing can be written, and goes on', async () => {
    await writeFile(folder(), 'a file where the folder should be');
    await cache.keep(documentOf('text'), value);
    expect(await cache.find(documentOf('text'))).toBeNull();
    expect(warnings.join()).toContain(`could not be kept in ${folder()}`);
  });
});
