/** A store whose scripts do whatever a test passes in. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type EmbeddedStore,
  type EmbeddedStoreOptions,
  openEmbeddedStore,
} from '../../../src/store/embedded/engine.ts';
import type { Reply } from '../../../src/store/store.ts';
import { VirtualClock } from './virtual_clock.ts';

export const probeScripts = {
  call: 'return redis.call(unpack(ARGV))',
  pcall: 'return redis.pcall(unpack(ARGV)).err',
  typed: 'local r = redis.call(unpack(ARGV)) return { type(r), r }',
};

export interface Probe {
  readonly store: EmbeddedStore;
  readonly clock: VirtualClock;
  call(...args: (string | number)[]): Reply;
  /** A command line without quoting. */
  line(text: string): Reply;
  /** The message of the error that the command raises. */
  error(...args: (string | number)[]): Reply;
}

export async function openProbe(options: Partial<EmbeddedStoreOptions> = {}): Promise<Probe> {
  const clock = new VirtualClock();
  const store = await openEmbeddedStore({
    dataDir: null,
    clock,
    ...options,
    extraScripts: { ...probeScripts, ...options.extraScripts },
  });
  return {
    store,
    clock,
    call: (...args) => store.runSync('call', args),
    line: (text) => store.runSync('call', text.split(' ')),
    error: (...args) => store.runSync('pcall', args),
  };
}

/** Removed when the test process ends. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'inngest-store-'));
  process.once('exit', () => rmSync(path, { recursive: true, force: true }));
  return path;
}
