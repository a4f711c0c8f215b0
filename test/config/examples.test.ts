/** The documents of examples/cue: all of them are valid, and say what the others do not. */
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createEvaluator } from '../../src/config/cue/cue_evaluator.ts';
import { withVariables } from '../../src/config/discovery.ts';
import { type LoadedDocuments, loadDocuments } from '../../src/config/documents.ts';
import type { Source } from '../../src/config/source.ts';

const folder = resolve(import.meta.dir, '../../examples/cue');
const names = readdirSync(folder).filter((name) => /\.(cue|json)$/.test(name));
const env = { REDIS_HOST: 'queue.internal', REDIS_PASSWORD: 'secret' };
const evaluator = createEvaluator({ cacheDir: null });
const deadlineMs = 60_000;

/** Limits that come with a later release, and a definition that is for readers only. */
const doubts: Readonly<Record<string, readonly string[]>> = {
  'cron.cue': ['function.triggers[2].definition'],
  'flow-control.cue': [
    ...['throttle.throttle', 'rate-limit.rateLimit', 'debounce.debounce', 'singleton.singleton'],
    ...['priority.priority', 'batch.batch'],
  ].map((place) => `functions.flow-${place}`),
};

function sourcesOf(files: readonly string[]): readonly Source[] {
  const written = files.map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
  const found = withVariables(written, env);
  if (!found.ok) throw new Error(JSON.stringify(found.problems));
  return found.sources;
}

function load(...files: readonly string[]): Promise<LoadedDocuments> {
  return loadDocuments(sourcesOf(files), evaluator);
}

describe('every example', () => {
  test.each(names)(
    '%s is valid, without a doubt that its comments do not explain',
    async (name) => {
      const loaded = await load(name);
      expect(loaded).toMatchObject({ ok: true, sources: [name] });
      const paths = loaded.ok ? loaded.warnings.map(({ path }) => path) : [];
      expect(paths).toEqual([...(doubts[name] ?? [])]);
    },
    deadlineMs,
  );

  test(
    'can be served beside the others',
    async () => {
      const loaded = await load(...names.filter((name) => name.endsWith('.cue')));
      expect(loaded).toMatchObject({ ok: true });
      if (!loaded.ok) return;
      expect(loaded.functions.length).toBeGreaterThan(20);
      expect(loaded.service).toMatchObject({ port: 9288 });
    },
    deadlineMs,
  );

  test('is in the README', () => {
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    for (const name of names) expect(readme).toContain(`(${name})`);
  });

  test('calls the step server at its usual port', () => {
    for (const name of names) {
      const text = readFileSync(join(folder, name), 'utf8');
      const urls = text.match(/https?:\/\/[^"/]+/g) ?? [];
      expect([...new Set(urls)]).toEqual(
        name === 'service-config.cue' ? [] : ['http://127.0.0.1:9000'],
      );
    }
  });
});

test(
  'the starter in JSON is the starter in CUE',
  async () => {
    const [cue, json] = await evaluator.evaluate(sourcesOf(['starter.cue', 'starter.json']));
    if (!cue?.ok || !json?.ok) throw new Error('the starters are refused');
    expect(cue.value).toEqual(json.value);
  },
  deadlineMs,
);
