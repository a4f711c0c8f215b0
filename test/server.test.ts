/** What a server does not start on, and what it does not wait for when it is asked to stop. */
import { afterEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../src/cli/settings.ts';
import { createLogger } from '../src/lib/logger.ts';
import { startServer } from '../src/server.ts';
import { eventually } from './eventually.ts';

let app: Bun.Server<undefined> | null = null;

afterEach(async () => {
  await app?.stop(true);
  app = null;
});

const settings: Settings = {
  mode: 'dev',
  host: '127.0.0.1',
  port: 0,
  sdkUrls: [],
  isDiscoveryOn: false,
  isPollingOn: false,
  pollIntervalMs: 3_600_000,
  retryIntervalMs: null,
  queueWorkers: 10,
  dataDir: null,
  redisUri: null,
  redisPrefix: 'inngest',
  postgresUri: null,
  postgresConnectionsMax: 10,
  retention: { eventsMs: null, runsMs: null, tracesMs: null },
  signingKey: null,
  eventKeys: [],
  logLevel: 'debug',
  logFormat: 'text',
};

/** Far below the 10 s that an app has for its answer to a sync. */
const patienceMs = 5_000;

test(
  'an app that does not answer a sync does not hold up the stop, nor is it noted as an error',
  async () => {
    const asked: Request[] = [];
    app = Bun.serve({
      port: 0,
      fetch: (request) => {
        asked.push(request);
        return new Promise<Response>(() => undefined);
      },
    });
    let logged = '';
    const log = createLogger({ level: 'debug', format: 'text', write: (line) => (logged += line) });
    const server = await startServer(
      {
        ...settings,
        isPollingOn: true,
        sdkUrls: [`http://127.0.0.1:${app.port}/api/inngest`],
      },
      log,
    );
    await eventually(() => asked.length === 1);
    await server.stop({ drainMs: 0 });
    expect(asked.map(({ method }) => method)).toEqual(['PUT']);
    expect(logged).not.toContain('could not be synced');
    expect(logged).not.toContain('polling apps failed');
  },
  patienceMs,
);

test('a directory that a restore has filled only in part is not started on', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'inngest-test-'));
  const log = createLogger({ level: 'error', format: 'text', write: () => {} });
  try {
    mkdirSync(join(dataDir, '.incoming'));
    const failure = await startServer({ ...settings, dataDir }, log).catch((error) => error);
    expect(String(failure)).toContain('is incomplete');
    rmSync(join(dataDir, '.incoming'), { recursive: true });
    await (await startServer({ ...settings, dataDir }, log)).stop({ drainMs: 0 });
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});
