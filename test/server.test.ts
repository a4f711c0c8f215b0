/** What a server that is asked to stop does not wait for before its queue is drained. */
import { afterEach, expect, test } from 'bun:test';
import { createLogger } from '../src/lib/logger.ts';
import { startServer } from '../src/server.ts';
import { eventually } from './eventually.ts';

let app: Bun.Server<undefined> | null = null;

afterEach(async () => {
  await app?.stop(true);
  app = null;
});

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
        mode: 'dev',
        host: '127.0.0.1',
        port: 0,
        sdkUrls: [`http://127.0.0.1:${app.port}/api/inngest`],
        isDiscoveryOn: false,
        isPollingOn: true,
        pollIntervalMs: 3_600_000,
        retryIntervalMs: null,
        queueWorkers: 10,
        dataDir: null,
        redisUri: null,
        redisPrefix: 'inngest',
        signingKey: null,
        eventKeys: [],
        logLevel: 'debug',
        logFormat: 'text',
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
