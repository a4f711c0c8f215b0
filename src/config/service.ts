/**
 * What a `config` document says about the server (cue-config.md §2). The schema fills in what nobody wrote; that is not
 * taken for a wish, since the server's own defaults differ from the schema's.
 */
import type { z } from 'zod';
import type { Finding } from './evaluator.ts';
import { readRedis } from './service_redis.ts';
import { ServiceReport } from './service_report.ts';
import { type ServiceDocument, serviceSchema } from './service_schema.ts';
import type { ServiceSettings } from './service_settings.ts';
import { configField } from './service_wish.ts';
import type { Evaluated, Source } from './source.ts';

export interface ReadService {
  /** Null when no document configures the server, or a wrong one does. */
  readonly service: ServiceSettings | null;
  readonly findings: readonly Finding[];
  /** What is accepted and has no effect. */
  readonly warnings: readonly Finding[];
}

/** At most one of the documents may have a `config`. */
export function readService(evaluated: readonly Evaluated[]): ReadService {
  const [first, ...others] = evaluated.filter(({ value }) => value[configField] !== undefined);
  if (first === undefined) return { service: null, findings: [], warnings: [] };
  const report = new ServiceReport(first.source);
  const service = readOne(first, report);
  const findings = [
    ...report.findings,
    ...others.map(({ source }) => secondConfig(source, first.source)),
  ];
  return { service: findings.length > 0 ? null : service, findings, warnings: report.warnings };
}

function secondConfig(source: Source, first: Source): Finding {
  const message = `the server is configured in ${first.name} already: put both into one document`;
  return { source, path: [configField], message };
}

function readOne({ value }: Evaluated, report: ServiceReport): ServiceSettings | null {
  const parsed = serviceSchema.safeParse(value[configField]);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) report.refuse(pathOf(issue), issue.message);
    return null;
  }
  const document = parsed.data;
  warnOfOthers(document, report);
  return {
    ...readLog(document, report),
    ...readEventApi(document, report),
    ...readRedis(document, report),
    ...readHistory(document, report),
    ...readDrivers(document, report),
  };
}

/** Symbols cannot be keys of what came from JSON. */
function pathOf({ path }: z.core.$ZodIssue): (string | number)[] {
  return path.map((part) => (typeof part === 'symbol' ? String(part) : part));
}

function readLog({ log = {} }: ServiceDocument, report: ServiceReport): ServiceSettings {
  const level = report.written(['log', 'level'], log.level);
  const format = report.written(['log', 'format'], log.format);
  return {
    ...(level !== undefined && { logLevel: level === 'trace' ? 'debug' : level }),
    ...(format !== undefined && { logFormat: format === 'console' ? 'text' : format }),
  };
}

function readEventApi({ eventAPI = {} }: ServiceDocument, report: ServiceReport): ServiceSettings {
  const host = report.written(['eventAPI', 'addr'], eventAPI.addr);
  const port = report.written(['eventAPI', 'port'], eventAPI.port);
  const eventBytesMax = report.written(['eventAPI', 'maxSize'], eventAPI.maxSize);
  return {
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
    ...(eventBytesMax !== undefined && { eventBytesMax }),
  };
}

/** Where history is kept. */
function readHistory({ datastore }: ServiceDocument, report: ServiceReport): ServiceSettings {
  const service = datastore?.service;
  if (service === undefined || service.backend === 'inmemory') return {};
  const path = ['datastore', 'service'];
  if (service.backend !== 'postgres') {
    const wrong = JSON.stringify(service.backend);
    report.refuse(
      [...path, 'backend'],
      `${wrong} is not supported: use "postgres", or leave datastore out to keep history in the data directory`,
    );
    return {};
  }
  const { URI: postgresUri } = service;
  // Never the value: it may hold a password.
  if (/^postgres(ql)?:\/\/[^/]/i.test(postgresUri ?? '')) return { postgresUri };
  report.refuse(
    [...path, 'URI'],
    'must be a URI such as postgres://user:password@host:5432/database',
  );
  return {};
}

const driverNames: ReadonlySet<string> = new Set(['http', 'connect']);

function readDrivers({ execution }: ServiceDocument, report: ServiceReport): ServiceSettings {
  const drivers = execution?.drivers ?? {};
  for (const [runtime, { name }] of Object.entries(drivers)) {
    const path = ['execution', 'drivers', runtime];
    const [wrong, own] = [JSON.stringify(name), JSON.stringify(runtime)];
    if (!driverNames.has(name)) {
      report.refuse(
        [...path, 'name'],
        `the driver ${wrong} is not supported: use "http" or "connect"`,
      );
    } else if (name !== runtime) {
      report.refuse(path, `the driver ${wrong} is not one for the runtime ${own}: name both alike`);
    }
  }
  const { timeout, signingKey } = drivers.http ?? {};
  const http = ['execution', 'drivers', 'http', 'timeout'];
  const seconds = report.written(http, timeout);
  return {
    ...(seconds !== undefined && { callTimeoutMs: seconds * 1_000 }),
    ...(signingKey !== undefined && { signingKey }),
  };
}

/** Parts of the original that this server does not have. */
function warnOfOthers(document: ServiceDocument, report: ServiceReport): void {
  const { coreAPI, execution, eventstream } = document;
  const warnOf = (path: string[], value: unknown, why: string) => {
    if (report.written(path, value) === undefined) return;
    report.warn(path, `has no effect: ${why}`);
  };
  const oneDoor = 'all APIs are served at eventAPI';
  warnOf(['coreAPI', 'addr'], coreAPI?.addr, oneDoor);
  warnOf(['coreAPI', 'port'], coreAPI?.port, oneDoor);
  const logged = 'outputs are shown with their runs';
  warnOf(['execution', 'logOutput'], execution?.logOutput, logged);
  const stream = eventstream?.service;
  const path = ['eventstream', 'service'];
  if (stream === undefined || stream.backend === 'inmemory') {
    warnOf([...path, 'topic'], stream?.topic, 'there are no topics');
    return;
  }
  report.refuse(
    [...path, 'backend'],
    `${JSON.stringify(stream.backend)} is not supported: events come in over HTTP and are kept by the server itself, so leave eventstream out`,
  );
}
