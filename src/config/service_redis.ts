/** The Redis of a `config` document: `queue` and `state` name it, and here it is one (cue-config.md §2). */
import type { ServiceReport } from './service_report.ts';
import type { ServiceDocument, StoreService } from './service_schema.ts';
import type { ServiceSettings } from './service_settings.ts';

type Room = 'queue' | 'state';

/** Where a Redis is that is asked for and not described: the schema's default too. */
const hostDefault = 'localhost';
const schemes =
  /^(redis|rediss|unix|redis\+sentinel|rediss\+sentinel|redis\+cluster|rediss\+cluster):\/\/./i;
/** As for `--redis-prefix`. */
const prefixPattern = /^[A-Za-z0-9_.:-]{1,64}$/;

export function readRedis(
  document: ServiceDocument,
  report: ServiceReport,
): Pick<ServiceSettings, 'redisUri' | 'redisPrefix'> {
  const uris = { queue: uriOf('queue', document, report), state: uriOf('state', document, report) };
  const redisUri = uris.queue ?? uris.state;
  if (redisUri === undefined) return {};
  if (uris.queue !== undefined && uris.state !== undefined && uris.queue !== uris.state) {
    report.refuse(
      ['state', 'service'],
      'names another Redis than queue.service: this server keeps queue and state together, so name the same one in both',
    );
  }
  for (const room of rooms) {
    if (document[room]?.service?.backend !== 'inmemory') continue;
    report.warn(
      [room, 'service'],
      'has no effect: queue and state are kept together, in the Redis',
    );
  }
  const redisPrefix = readPrefix(document, report);
  return { redisUri, ...(redisPrefix !== undefined && { redisPrefix }) };
}

const rooms = ['queue', 'state'] as const;

function uriOf(room: Room, document: ServiceDocument, report: ServiceReport): string | undefined {
  const service = document[room]?.service;
  if (service === undefined || !isBackend(room, service, report)) return undefined;
  // The schema asks for a Redis where nobody wrote anything; what somebody describes has a host.
  const isDescribed = service.dsn !== undefined || service.host !== undefined;
  const isAsked = report.written([room, 'service', 'backend'], service.backend) !== undefined;
  if (!isDescribed && !isAsked) return undefined;
  for (const name of ['poolSize', 'maxRetries'] as const) {
    const path = [room, 'service', name];
    if (report.written(path, service[name]) === undefined) continue;
    report.warn(path, 'has no effect: connections are looked after by themselves');
  }
  const uri = service.dsn ?? composed(service);
  if (schemes.test(uri)) return uri;
  const name = service.dsn === undefined ? 'host' : 'dsn';
  // Never the value: it may hold a password.
  const wanted =
    name === 'host' ? 'the name or address of a host' : 'a URI such as redis://host:6379/0';
  report.refuse([room, 'service', name], `must be ${wanted}`);
  return undefined;
}

function isBackend(room: Room, { backend }: StoreService, report: ServiceReport): boolean {
  if (backend === 'redis') return true;
  if (backend === 'inmemory') return false;
  report.refuse(
    [room, 'service', 'backend'],
    `${JSON.stringify(backend)} is not supported: use "redis", or leave ${room} out to keep it in the data directory`,
  );
  return false;
}

function composed({
  host = hostDefault,
  port = 6379,
  db = 0,
  username = '',
  password = '',
}: StoreService): string {
  const user = encodeURIComponent(username);
  const secret = password === '' ? '' : `:${encodeURIComponent(password)}`;
  const login = user + secret === '' ? '' : `${user}${secret}@`;
  const isAddress6 = host.includes(':') && !host.startsWith('[');
  const uri = `redis://${login}${isAddress6 ? `[${host}]` : host}:${port}/${db}`;
  // A host that is none, such as a whole URI, would have its parts taken for something else.
  return /[/?#@\s]/.test(host) || !URL.canParse(uri) ? '' : uri;
}

function readPrefix(document: ServiceDocument, report: ServiceReport): string | undefined {
  const written = rooms.flatMap((room) => {
    const path = [room, 'service', 'keyPrefix'];
    const prefix = report.written(path, document[room]?.service?.keyPrefix) ?? '';
    return prefix === '' ? [] : [{ room, prefix }];
  });
  for (const { room, prefix } of written) {
    if (prefixPattern.test(prefix)) continue;
    report.refuse(
      [room, 'service', 'keyPrefix'],
      'must be 1 to 64 letters, digits or _ . : - (no braces)',
    );
  }
  const [first, second] = written;
  if (first && second && first.prefix !== second.prefix) {
    report.refuse(
      [second.room, 'service', 'keyPrefix'],
      'differs from that of queue.service: all keys of this server have one prefix',
    );
  }
  return first?.prefix;
}
