import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
let unchangedCalls = 0;
let ask: () => void = () => undefined;
/** Called whenever documents are looked at, before that. */
let beforeReload: () => void = () => undefined;
/** The same, after that. */
let afterReload: () => void = () => undefined;
const started: DocumentReload[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inngest-reload-'));
  evaluator = new JsonEvaluator();
  clock = new FakeClock();
  logged = [];
  loads = [];
  failure = null;
  unchangedCalls = 0;
  beforeReload = () => undefined;
  afterReload = () => undefined;
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
async function start(isWatching = false, beforeStart = () => {}): Promise<DocumentReload> {
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
    reload: async (signal: AbortSignal) => {
      beforeReload();
      const result = await loader.load(signal);
      afterReload();
      return result;
    },
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
  const onUnchanged = async (): Promise<void> => {
    if (failure) throw failure;
    unchangedCalls += 1;
  };
  const reload = new DocumentReload(options, { clock, log, onLoaded, onUnchanged });
  started.push(reload);
  beforeStart();
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

describe('functions that could not be put to work', () => {
  /** Their store is away. */
  async function failed(): Promise<DocumentReload> {
    put({ functions: functions('a') });
    const reload = await start();
    put({ functions: functions('b') });
    failure = new Error('the store is away');
    await reloaded(reload);
    return reload;
  }

  test('are tried again when somebody asks, though nothing has changed', async () => {
    const reload = await failed();
    expect(lines('error')).toEqual([expect.stringContaining('could not be put to work')]);
    failure = null;
    await reloaded(reload);
    expect(slugs()).toEqual(['cue-b']);
    expect(clock.pending).toBe(0);
  });

  test('are tried again by themselves, after pauses that grow', async () => {
    const reload = await failed();
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      const before = lines('error').length;
      clock.advance(pauseMs - 1);
      await reload.idle();
      expect(lines('error')).toHaveLength(before);
      clock.advance(1);
      await reload.idle();
      expect(lines('error')).toHaveLength(before + 1);
    }
    failure = null;
    clock.advance(30_000);
    await reload.idle();
    expect(slugs()).toEqual(['cue-b']);
    expect(evaluator.evaluations).toBe(2);
    expect(clock.pending).toBe(0);
  });

  test('are given up for newer ones', async () => {
    const reload = await failed();
    failure = null;
    put({ functions: functions('c') });
    await reloaded(reload);
    expect(slugs()).toEqual(['cue-c']);
    expect(clock.pending).toBe(0);
    expect(loads).toHaveLength(1);
  });

  test('are taken back at work, too: they may have arrived', async () => {
    const reload = await failed();
    failure = null;
    put({ functions: functions('a') });
    await reloaded(reload);
    expect(slugs()).toEqual(['cue-a']);
  });

  test('outlive a broken edit', async () => {
    const reload = await failed();
    put('{');
    await reloaded(reload);
    failure = null;
    clock.advance(30_000);
    await reload.idle();
    expect(slugs()).toEqual(['cue-b']);
  });

  test('are not tried after the end', async () => {
    const reload = await failed();
    await reload.stop();
    expect(clock.pending).toBe(0);
  });
});

describe('who asks about documents that have not changed', () => {
  test('has them put to work again', async () => {
    put({ functions: functions('a') });
    const reload = await start();
    await reloaded(reload);
    expect(unchangedCalls).toBe(1);
  });

  test('has that tried again when it fails', async () => {
    put({ functions: functions('a') });
    const reload = await start();
    failure = new Error('the store is away');
    await reloaded(reload);
    failure = null;
    clock.advance(1_000);
    await reload.idle();
    expect(unchangedCalls).toBe(1);
    expect(clock.pending).toBe(0);
  });
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

  test('the server does not wait for what does not notice its end', async () => {
    put({ functions: functions('a') });
    const reload = await start();
    put({ functions: functions('b') });
    evaluator.isDeaf = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    evaluator.hold = promise;
    ask();
    await eventually(() => evaluator.evaluations === 2);
    await reload.stop();
    resolve();
    await Promise.resolve();
    expect(loads).toEqual([]);
    expect(logged).toEqual([]);
  });

  test('nothing is taken that is read in the moment in which the server ends', async () => {
    put({ functions: functions('a') });
    const reload = await start();
    put({ functions: functions('b') });
    let stopped: Promise<void> | null = null;
    afterReload = () => {
      stopped = reload.stop();
    };
    ask();
    await reload.idle();
    await stopped;
    expect(loads).toEqual([]);
    expect(logged).toEqual([]);
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

  test('what is edited between the first read and the start is not missed', async () => {
    put({ functions: functions('a') });
    const reload = await start(true, () => put({ functions: functions('b') }));
    await reload.idle();
    expect(slugs()).toEqual(['cue-b']);
  });

  test('what has not been edited by then is neither evaluated again nor told of', async () => {
    put({ functions: functions('a') });
    const reload = await start(true);
    await reload.idle();
    expect(evaluator.evaluations).toBe(1);
    expect(logged).toEqual([]);
    expect(unchangedCalls).toBe(0);
  });

  test('what is edited in a folder that appears during a reload is not missed', async () => {
    const reload = await start(true);
    await reload.idle();
    beforeReload = () => {
      mkdirSync(join(folder, 'etc/inngest'), { recursive: true });
      put({ functions: functions('b') }, 'etc/inngest/x.json');
      beforeReload = () => undefined;
    };
    afterReload = () => {
      put({ functions: functions('c') }, 'etc/inngest/x.json');
      afterReload = () => undefined;
    };
    await reloaded(reload);
    expect(slugs()).toEqual(['cue-b']);
    await quiet(reload);
    expect(slugs()).toEqual(['cue-c']);
    put({ functions: functions('d') }, 'etc/inngest/x.json');
    await quiet(reload);
    expect(slugs()).toEqual(['cue-d']);
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
