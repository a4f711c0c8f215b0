/** `inngest dev` and `inngest start`: one server until a signal ends it. */
import type { Documents } from '../config/documents.ts';
import { createLogger, hasColors, type LogFields, type Logger } from '../lib/logger.ts';
import { compileLua } from '../store/embedded/lua_wasm.ts';
import { redactRedisUri } from '../store/redis/redis_uri.ts';
import { bannerText } from './banner.ts';
import type { GivenFlags } from './command_line.ts';
import type { ServerCommand } from './command_name.ts';
import { nextFreePort } from './free_port.ts';
import { write, writeError } from './output.ts';
import { redactPostgresUri } from './postgres_address.ts';
import { announceDocuments, readDocuments, refusalText } from './server_documents.ts';
import type { Settings } from './settings.ts';
import { type ReadSettings, readDocumentPlaces, readSettings } from './settings_reader.ts';
import { firstSignal, hangups } from './signal.ts';
import { reportUnhandled } from './unhandled.ts';

/** Calls in flight get this long to finish when the server is asked to end. */
const drainMs = 10_000;

/** Resolves with the exit code when the server has ended. Throws `UsageError` for settings that are wrong. */
export async function serve(command: ServerCommand, given: GivenFlags): Promise<number> {
  const surroundings = {
    env: process.env,
    workingDirectory: process.cwd(),
    isTerminal: process.stderr.isTTY === true,
  };
  const hasColor = hasColors(process.stderr, process.env);
  const places = readDocumentPlaces(command, given, surroundings);
  const documents = await readDocuments(command, places, { ...surroundings, listen: hangups() });
  if (documents.outcome === 'refused') {
    await write(process.stderr, await refusalText(documents, hasColor));
    await writeError('the server was not started: its documents are not valid');
    return 1;
  }
  const { service } = documents.documents;
  const read = readSettings(command, given, { ...surroundings, service });
  const { logLevel: level, logFormat: format } = read.settings;
  const log = createLogger({ level, format, hasColor });
  await announceDocuments(documents, log);
  const settings = withFreePort(read, log);
  const asked = firstSignal();
  const stopReporting = reportUnhandled(log);
  try {
    // By other threads while this one loads the server. Should it fail, opening the store says so.
    compileLua().catch(() => {});
    const { startServer } = await import('../server.ts');
    const server = await startServer(settings, log, documents.options);
    announce(settings, server.url, log, { hasColor, documents: documents.documents });
    const signal = await asked;
    log.info('stopping: calls in flight may finish; a second signal ends the server at once', {
      signal,
      drainMs,
    });
    await server.stop({ drainMs });
    log.info('stopped');
    return 0;
  } catch (error) {
    log.error(failureText(error, settings), failureFields(error));
    return 1;
  } finally {
    stopReporting();
  }
}

/** A developer whose usual port is taken gets the next one; a chosen port is never exchanged. */
function withFreePort({ settings, isPortChosen }: ReadSettings, log: Logger): Settings {
  if (settings.mode !== 'dev' || isPortChosen) return settings;
  const port = nextFreePort(settings.host, settings.port);
  if (port === null || port === settings.port) return settings;
  const url = `http://${settings.host}:${port}`;
  log.warn(
    `port ${settings.port} is taken, using ${port}: tell your app with INNGEST_DEV=${url}, or stop the other server`,
  );
  return { ...settings, port };
}

function announce(
  settings: Settings,
  url: string,
  log: Logger,
  { hasColor, documents }: { readonly hasColor: boolean; readonly documents: Documents },
): void {
  const { mode, dataDir, redisUri, redisPrefix, postgresUri, sdkUrls, isDiscoveryOn } = settings;
  if (settings.logFormat === 'text') {
    process.stderr.write(bannerText(settings, url, hasColor, documents));
  } else {
    const redis = redisUri === null ? {} : { redis: redactRedisUri(redisUri), redisPrefix };
    const engine = redisUri === null ? 'embedded' : 'redis';
    const postgres = postgresUri === null ? {} : { postgres: redactPostgresUri(postgresUri) };
    const places = { engine, dataDir, ...redis, ...postgres };
    log.info('server is ready', { url, mode, ...places, sdkUrls, isDiscoveryOn });
  }
}

function failureText(error: unknown, { host, port }: Settings): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return `port ${port} on ${host} is taken: stop the process that has it, or choose another with --port`;
  }
  if (code === 'EACCES' && port > 0 && port < 1024) {
    return `port ${port} needs privileges: choose one above 1023 with --port`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** An error thrown on purpose explains itself; one that the language threw is a bug and needs its stack. */
function failureFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return {};
  const isBug = [TypeError, ReferenceError, RangeError, SyntaxError].some(
    (kind) => error instanceof kind,
  );
  return {
    ...(error.cause !== undefined && { cause: error.cause }),
    ...(isBug && { stack: error.stack }),
  };
}
