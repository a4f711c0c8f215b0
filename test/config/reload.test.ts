import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchedPaths } from '../../src/config/discovery.ts';
import { DocumentLoader } from '../../src/config/document_loader.ts';
import type { Documents } from '../../src/config/documents.ts';
import { DocumentReload, noDocuments } from '../../src/config/reload.ts';
import type { LogFields, Logger } from '../../src/lib/logger.ts';
import { eventually } from '../eventually.ts';
import { FakeClock } from '../fake_clock.ts';
import { JsonEvaluator } from './json_evaluator.ts';

let folder = '';
let evaluator = new JsonEvaluator();
let clock = new FakeClock();
let logged: { level: string; message: string; fields?: LogFields }[] = [];
let loads: Documents[] = [];
let failure: Error | null = null;
let ask: () => void = () => undefined;
const started: DocumentReload[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inngest-reload-'));
  evaluator = new JsonEvaluator();
  clock = new FakeClock();
  logged = [];
  loads = [];
  failure = null;
});

afterEach(async () => {
  for (const reload of started.splice(0)) await reload.stop();
  rmSync(folder, { recursive: true, force: true });
});

const noted =
  (level: string) =>
  (message: string, fields?: LogFields): void =>
    void logged.push({ level, message, fields });
const log: Logger = {
  debug: noted('debug'),
  info: noted('info'),
  warn: noted('warn'),
  error: noted('error'),
  child: () => log,
};

function put(content: object | string, name = 'inngest.json'): void {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  // As editors do it.
  writeFileSync(join(folder, `${name}~`), text);
  renameSync(join(folder, `${name}~`), join(folder, name));
}

function functions(...ids: readonly string[]): object {
  return Object.fromEntries(ids.map((id) => [id, functionOf(id)]));
}

function functionOf(id: string, name = id): object {
  const runtime = { type: 'http', url: 'http://127.0.0.1:9000/x' };
  const triggers = [{ event: 'a/b' }];
  return { id, name, triggers, steps: { go: { id: 'go', name: '', path: '', runtime } } };
}

/** A server with the documents there are now. */
async function start(isWatching = false): Promise<DocumentReload> {
  const discovery = {
    ...{ explicit: [], workingDirectory: folder, env: {} },
    systemDirectory: join(folder, 'etc'),
  };
  const loader = new DocumentLoader({
    discovery,
    cacheDir: null,
    evaluatorOf: async () => evaluator,
  });
  const first = await loader.load();
  if (first.outcome !== 'loaded') throw new Error(`the first load is ${first.outcome}`);
  const options = {
    initial: first.documents,
    reload: (signal: AbortSignal) => loader.load(signal),
    forget: () => loader.forget(),
    watchPaths: isWatching ? watchedPaths(discovery) : [],
    listen: (wanted: () => void) => {
      ask = wanted;
      return () => {
        ask = () => undefined;
      };
    },
  };
  const onLoaded = async (documents: Documents): Promise<void> => {
    if (failure) throw failure;
    loads.push(documents);
  };
  const reload = new DocumentReload(options, { clock, log, onLoaded });
  started.push(reload);
  reload.start();
  return reload;
}

async function reloaded(reload: DocumentReload): Promise<void> {
  ask();
  await reload.idle();
}

function slugs(): string[] {
  return loads.at(-1)?.functions.map(({ slug }) => slug) ?? [];
}

function lines(level: string): string[] {
  return logged.filter((line) => line.level === level).map(({ message }) => message);
}

describe('when somebody asks', () => {
  test('what was added, changed and removed is put to work and named', async () => {
    put({ functions: functions('a', 'b', 'c') });
    const reload = await start();
    put({ functions: { ...functions('a', 'd'), b: functionOf('b', 'Better') } });
    await reloaded(reload);
    expect(slugs()).toEqual(['cue-a', 'cue-d', 'cue-b']);
    expect(logged).toEqual([
      {
        level: 'info',
        message: 'functions in documents have changed',
        fields: {
          sources: ['inngest.json'],
          added: ['cue-d'],
          changed: ['cue-b'],
          removed: ['cue-c'],
        },
      },
    ]);
  });

  test('documents that have not changed are not evaluated again', async () => {
    put({ functions: functions('a') });
    const reload = await start();
    await reloaded(reload);
    expect(evaluator.evaluations).toBe(1);
    expect(lines('info')).toEqual(['documents were read again and have not changed']);
    expect(loads).toEqual([]);
  });

  test('and there are none, that is said', async () => {
    const reload = await start();
    await reloaded(reload);
    expect(lines('info')).toEqual([
      expect.stringContaining('there are no documents to read again'),
    ]);
    expect(evaluator.evaluations).toBe(0);
  });

  test('the first document and the end of the last one are noticed', async () => {
    const reload = await start();
    put({ function: functionOf('a') });
    await reloaded(reload);
    expect(slugs()).toEqual(['cue-a']);
    rmSync(join(folder, 'inngest.json'));
    await reloaded(reload);
    expect(loads.at(-1)).toMatchObject(noDocuments);
    expect(logged.at(-1)?.fields).toEqual({ sources: [], removed: ['cue-a'] });
  });

  test('what changes no function starts nothing', async () => {
    put({ functions: functions('a') });
    const reload = await start();
    put(JSON.stringify({ functions: functions('a') }, null, 2));
    await reloaded(reload);
    expect(loads).toEqual([]);
    expect(lines('info')).toEqual(['documents were read again: their functions are the same']);
  });
});

describe('a broken edit', () => {
  test('keeps the last good set, and its problems are told with their places', async () => {
    put({ functions: functions('a') });
    const reload = await start();
    put('{');
    await reloaded(reload);
    expect(loads).toEqual([]);
    expect(lines('warn')).toEqual([
      'inngest.json:1:2: a.b: is no JSON',
      expect.stringContaining('documents are not valid'),
    ]);
    put({ functions: functions('a', 'b') });
    await reloaded(reload);
    expect(slugs()).toEqual(['cue-a', 'cue-b']);
  });

  test('that breaks a rule is one, too', async () => {
    put({ functions: functions('a') });
    const reload = await start();
    put({ functions: { 'A B': functionOf('A B') } });
    await reloaded(reload);
    expect(loads).toEqual([]);
    expect(lines('warn')[0]).toStartWith('inngest.json:3:4: functions["A B"]');
  });

  test('that cannot be read is one, too', async () => {
    put({ functions: functions('a') });
    const reload = await start();
    put('{"functions": "$NOT_SET_ANYWHERE"}');
    await reloaded(reload);
    expect(loads).toEqual([]);
    expect(lines('warn')[0]).toStartWith('inngest.json:1:16: the environment variable NOT_SET');
  });

  test('that is taken back is over', async () => {
    put({ functions: functions('a') });
    const reload = await start();
    put('{');
    await reloaded(reload);
    put({ functions: functions('a') });
    await reloaded(reload);
    expect(loads).toEqual([]);
    expect(lines('info')).toEqual(['documents were read again: their functions are the same']);
  });

  test('is explained again to who asks again', async () => {
    put({ functions: functions('a') });
    const reload = await start();
    put('{');
    await reloaded(reload);
    await reloaded(reload);
    expect(lines('warn').filter((line) => line.includes('is no JSON'))).toHaveLength(2);
  });
});

test('functions that could not be put to work are tried again, though nothing has changed', async () => {
  put({ functions: functions('a') });
  const reload = await start();
  put({ functions: functions('b') });
  failure = new Error('the store is away');
  await reloaded(reload);
  expect(lines('error')).toEqual([expect.stringContaining('could not be put to work')]);
  failure = null;
  await reloaded(reload);
  expect(slugs()).toEqual(['cue-b']);
});

describe('settings of the server', () => {
  const config = (port: number) => ({ config: { eventAPI: { port } } });

  test('that have changed are said to need a restart, once', async () => {
    put(config(9000));
    const reload = await start();
    put(config(9001));
    await reloaded(reload);
    put({ ...config(9001), functions: functions('a') });
    await reloaded(reload);
    const restarts = logged.filter(({ message }) => message.includes('restart'));
    expect(restarts).toMatchObject([{ level: 'warn', fields: { settings: ['port'] } }]);
  });

  test('that are as the server runs need none', async () => {
    put(config(9000));
    const reload = await start();
    put(config(9001));
    await reloaded(reload);
    put(config(9000));
    await reloaded(reload);
    expect(logged.filter(({ message }) => message.includes('restart'))).toHaveLength(1);
  });
});

describe('while a reload is under way', () => {
  test('any number of changes leads to one more', async () => {
    put({ functions: functions('a') });
    const reload = await start();
    const { promise, resolve } = Promise.withResolvers<void>();
    evaluator.hold = promise;
    put({ functions: functions('b') });
    ask();
    await eventually(() => evaluator.evaluations === 2);
    put({ functions: functions('c') });
    for (let count = 0; count < 5; count += 1) ask();
    expect(evaluator.evaluations).toBe(2);
    resolve();
    await reload.idle();
    expect(evaluator.evaluations).toBe(3);
    expect(loads).toHaveLength(2);
    expect(slugs()).toEqual(['cue-c']);
  });

  test('the server can end', async () => {
    put({ functions: functions('a') });
    const reload = await start();
    evaluator.hold = new Promise(() => undefined);
    put({ functions: functions('b') });
    ask();
    await eventually(() => evaluator.evaluations === 2);
    await reload.stop();
    expect(loads).toEqual([]);
    expect(lines('error')).toEqual([]);
  });
});

describe('in dev', () => {
  /** Lets the time pass for which a file has to be quiet. */
  async function quiet(reload: DocumentReload): Promise<void> {
    await eventually(() => clock.pending > 0, { what: 'a change' });
    clock.advance(2_000);
    await reload.idle();
  }

  test('a file that is replaced is read again', async () => {
    put({ functions: functions('a') });
    const reload = await start(true);
    for (const id of ['b', 'c']) {
      put({ functions: functions(id) });
      await quiet(reload);
      expect(slugs()).toEqual([`cue-${id}`]);
    }
  });

  test('a first document that appears is picked up, and CUE wins over JSON', async () => {
    const reload = await start(true);
    put({ functions: functions('a') });
    await quiet(reload);
    expect(slugs()).toEqual(['cue-a']);
    put({ functions: functions('b') }, 'inngest.cue');
    await quiet(reload);
    expect(slugs()).toEqual(['cue-b']);
    rmSync(join(folder, 'inngest.cue'));
    await quiet(reload);
    expect(slugs()).toEqual(['cue-a']);
  });

  test('a broken document is told of once, however often it is touched', async () => {
    put({ functions: functions('a') });
    const reload = await start(true);
    for (let count = 0; count < 3; count += 1) {
      put('{');
      await quiet(reload);
    }
    expect(lines('warn').filter((line) => line.includes('is no JSON'))).toHaveLength(1);
  });

  test('nothing is read after the end', async () => {
    const reload = await start(true);
    await reload.stop();
    put({ functions: functions('a') });
    ask();
    await reload.idle();
    expect(clock.pending).toBe(0);
    expect(evaluator.evaluations).toBe(0);
  });
});
