import { beforeEach, expect, test } from 'bun:test';
import { type DocumentsOptions, noDocuments, type Reloaded } from '../../src/config/reload.ts';
import { documentApp } from '../../src/function/document_app.ts';
import type { DeclaredFunction } from '../../src/function/registration.ts';
import type { LogFields, Logger } from '../../src/lib/logger.ts';
import { ServedDocuments } from '../../src/server/documents.ts';
import { Registry } from '../../src/state/registry.ts';
import { openEmbeddedStore } from '../../src/store/embedded/engine.ts';
import type { Store } from '../../src/store/store.ts';
import { eventually } from '../eventually.ts';
import { FakeClock } from '../fake_clock.ts';

const clock = new FakeClock();
let store: Store;

beforeEach(async () => {
  store = await openEmbeddedStore({ dataDir: null, clock });
});

function declared(id: string): DeclaredFunction {
  return {
    slug: `cue-${id}`,
    name: id,
    triggers: [{ event: `test/${id}` }],
    url: `cue://${id}`,
    driver: 'dag',
    dag: { steps: [] },
    retries: 2,
    ...{ concurrency: [], runConcurrency: [], cancel: [] },
  };
}

/** One server that reads documents, of those that use the store. */
class Reader {
  readonly warnings: { message: string; fields?: LogFields }[] = [];
  private ask: () => void = () => undefined;
  private next: Reloaded = { outcome: 'unchanged' };

  private constructor(
    readonly registry: Registry,
    readonly documents: ServedDocuments,
  ) {}

  static async start(isShared: boolean, ...ids: string[]): Promise<Reader> {
    const registry = new Registry(store, clock);
    await registry.load();
    const holder: { reader: Reader | null } = { reader: null };
    const log: Logger = {
      ...{ debug() {}, info() {}, error() {} },
      warn: (message, fields) => void holder.reader?.warnings.push({ message, fields }),
      child: () => log,
    };
    const options: DocumentsOptions = {
      initial: { ...noDocuments, functions: ids.map(declared) },
      reload: async () => holder.reader?.next ?? { outcome: 'unchanged' },
      forget() {},
      watchPaths: [],
      listen: (ask) => {
        if (holder.reader) holder.reader.ask = ask;
        return () => undefined;
      },
    };
    const documents = new ServedDocuments({ registry, clock, log, isShared }, options);
    const reader = new Reader(registry, documents);
    holder.reader = reader;
    await documents.register();
    documents.watch();
    return reader;
  }

  /** As SIGHUP does; `ids` when the documents have changed. */
  hangUp(ids?: readonly string[]): void {
    const functions = (ids ?? []).map(declared);
    this.next = ids
      ? { outcome: 'loaded', documents: { ...noDocuments, functions }, notes: [] }
      : { outcome: 'unchanged' };
    this.ask();
  }

  /** What is registered, as this server sees it. */
  async slugs(): Promise<string[]> {
    await this.registry.refresh();
    return (this.registry.app(documentApp)?.functions ?? []).map(({ slug }) => slug);
  }
}

test('functions of documents are an app of their own', async () => {
  const one = await Reader.start(false, 'a', 'b');
  expect(await one.slugs()).toEqual(['cue-a', 'cue-b']);
  expect(one.registry.app(documentApp)).toMatchObject({ method: 'api', sdkLanguage: 'cue' });
});

test('alone, a server without documents removes the functions of those that are gone', async () => {
  await Reader.start(false, 'a');
  const next = await Reader.start(false);
  expect(await next.slugs()).toEqual([]);
});

test('on a shared store, a server without documents leaves the functions of the others', async () => {
  const one = await Reader.start(true, 'a');
  const other = await Reader.start(true);
  expect(await other.slugs()).toEqual(['cue-a']);
  expect(await one.slugs()).toEqual(['cue-a']);
});

test('on a shared store, documents that go away at one server stay, and it says so', async () => {
  const one = await Reader.start(true, 'a');
  one.hangUp([]);
  const said = await eventually(() => one.warnings[0]?.message);
  expect(said).toContain('those in the shared store stay');
  expect(await one.slugs()).toEqual(['cue-a']);
});

test('a server is told when another has declared other functions, and takes them back when asked', async () => {
  const one = await Reader.start(true, 'a');
  const other = await Reader.start(true, 'b');
  expect(await one.slugs()).toEqual(['cue-b']);
  expect(one.warnings).toEqual([
    {
      message: expect.stringContaining('another server has declared other functions'),
      fields: { here: ['cue-a'], there: ['cue-b'] },
    },
  ]);
  await one.registry.refresh();
  expect(one.warnings).toHaveLength(1);
  one.hangUp();
  await eventually(async () => (await other.slugs()).includes('cue-a'));
});
