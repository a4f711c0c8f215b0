/**
 * Redis URIs: one server, a Unix socket, Sentinel or Cluster, with or without TLS. Parsed once, here; what is shown
 * to people never holds a password.
 */

export interface RedisLogin {
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/** Files are read at every connect, so that a renewed certificate needs no restart. */
export interface RedisTls {
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly serverName: string | undefined;
  /** Whether a certificate that nobody vouches for will do. */
  readonly isInsecure: boolean;
}

export interface HostAddress {
  readonly host: string;
  readonly port: number;
}

export type RedisAddress = HostAddress | { readonly path: string };

interface TargetBase {
  readonly login: RedisLogin;
  readonly tls: RedisTls | null;
  readonly database: number;
  /** The URI without its secrets, for logs. */
  readonly shown: string;
}

/** Where the data is, or who knows where it is. */
export type RedisTarget = TargetBase &
  (
    | { readonly kind: 'single'; readonly address: RedisAddress }
    | {
        readonly kind: 'sentinel';
        readonly sentinels: readonly HostAddress[];
        readonly masterName: string;
        readonly sentinelLogin: RedisLogin;
      }
    | { readonly kind: 'cluster'; readonly nodes: readonly HostAddress[] }
  );

/** A URI that cannot be used. The message quotes nothing that may be part of a password. */
export class RedisUriError extends Error {
  readonly code = 'redis_uri';
  override readonly name = 'RedisUriError';
}

const forms =
  'redis://[user:password@]host[:port][/db], rediss://… (TLS), unix://[user:password@]/path/to.sock[?db=N], ' +
  'redis+sentinel://[user:password@]host:port,host:port/master-name[/db] or redis+cluster://[user:password@]host:port,host:port';
const schemes: Readonly<Record<string, { kind: RedisTarget['kind'] | 'unix'; isTls: boolean }>> = {
  redis: { kind: 'single', isTls: false },
  rediss: { kind: 'single', isTls: true },
  unix: { kind: 'unix', isTls: false },
  'redis+unix': { kind: 'unix', isTls: false },
  'redis+sentinel': { kind: 'sentinel', isTls: false },
  'rediss+sentinel': { kind: 'sentinel', isTls: true },
  'redis+cluster': { kind: 'cluster', isTls: false },
  'rediss+cluster': { kind: 'cluster', isTls: true },
};
const redisPort = 6379;
const sentinelPort = 26_379;
const hostsMax = 100;
const tlsOptions = ['ca', 'cert', 'key', 'servername', 'insecure'];
const sentinelOptions = ['sentinelUser', 'sentinelPassword'];

interface Parts {
  readonly kind: RedisTarget['kind'] | 'unix';
  readonly scheme: string;
  readonly isTls: boolean;
  readonly login: RedisLogin;
  readonly hosts: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

/**
 * Reads a URI. Query options: with TLS `ca=FILE`, `cert=FILE`, `key=FILE`, `servername=NAME` and `insecure=true`; for
 * Unix sockets `db=N`; for Sentinel `sentinelUser=` and `sentinelPassword=`. Throws `RedisUriError`.
 */
export function parseRedisUri(uri: string): RedisTarget {
  const parts = split(uri.trim());
  refuseUnknownOptions(parts);
  const { login, query } = parts;
  const base = { login, tls: parts.isTls ? tlsOf(query) : null };
  switch (parts.kind) {
    case 'unix': {
      const database = databaseOf(query.get('db') ?? '');
      const path = decoded(parts.path, 'the path');
      if (parts.hosts !== '' || path.length < 2) {
        throw new RedisUriError('a unix:// URI needs a path, for example unix:///run/redis.sock');
      }
      const shown = `${parts.scheme}://${shownUser(login)}${path}${database ? `?db=${database}` : ''}`;
      return { ...base, kind: 'single', address: { path }, database, shown };
    }
    case 'single': {
      const [address, ...more] = hostsOf(parts.hosts, redisPort);
      if (!address || more.length > 0) {
        throw new RedisUriError(
          'a redis:// URI names one server; for several use redis+sentinel:// or redis+cluster://',
        );
      }
      const database = databaseOf(parts.path.slice(1));
      const shown = shownUri(parts, [address], database ? `/${database}` : '');
      return { ...base, kind: 'single', address, database, shown };
    }
    case 'cluster': {
      if (databaseOf(parts.path.slice(1)) !== 0) {
        throw new RedisUriError('a Redis Cluster has database 0 only; leave /db out');
      }
      const nodes = hostsOf(parts.hosts, redisPort);
      return { ...base, kind: 'cluster', nodes, database: 0, shown: shownUri(parts, nodes, '') };
    }
    case 'sentinel':
      return { ...base, ...sentinelOf(parts) };
  }
}

/** The URI without its secrets. */
export function redactRedisUri(uri: string): string {
  try {
    return parseRedisUri(uri).shown;
  } catch {
    return '(a Redis URI that cannot be read)';
  }
}

export function addressText(address: RedisAddress): string {
  if ('path' in address) return address.path;
  const { host, port } = address;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function sentinelOf(parts: Parts) {
  const [name = '', database = '', ...more] = parts.path.slice(1).split('/');
  const masterName = decoded(name, "the master's name");
  if (masterName === '' || more.length > 0) {
    throw new RedisUriError(
      "a redis+sentinel:// URI ends in the master's name, for example redis+sentinel://host:26379/mymaster",
    );
  }
  const sentinels = hostsOf(parts.hosts, sentinelPort);
  const number = databaseOf(database);
  return {
    kind: 'sentinel' as const,
    sentinels,
    masterName,
    database: number,
    sentinelLogin: {
      user: parts.query.get('sentinelUser') ?? undefined,
      password: parts.query.get('sentinelPassword') ?? undefined,
    },
    shown: shownUri(parts, sentinels, `/${masterName}${number ? `/${number}` : ''}`),
  };
}

function split(uri: string): Parts {
  const match = /^([a-z+]+):\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?(#.*)?$/is.exec(uri);
  const [, scheme = '', authority = '', path = '', query = '', fragment] = match ?? [];
  const known = schemes[scheme.toLowerCase()];
  if (!match || !known) {
    throw new RedisUriError(`this is not a Redis URI; it looks like ${forms}`);
  }
  const at = authority.lastIndexOf('@');
  if (fragment !== undefined || (at < 0 && `${path}${query}`.includes('@'))) {
    throw new RedisUriError(
      'in a Redis URI, the characters / ? # and @ of a password are written as %2F %3F %23 and %40',
    );
  }
  return {
    ...known,
    scheme: scheme.toLowerCase(),
    login: loginOf(at < 0 ? '' : authority.slice(0, at)),
    hosts: authority.slice(at + 1),
    path,
    query: new URLSearchParams(query),
  };
}

function loginOf(text: string): RedisLogin {
  const colon = text.indexOf(':');
  const user = decoded(colon < 0 ? text : text.slice(0, colon), 'the user');
  const password = colon < 0 ? '' : decoded(text.slice(colon + 1), 'the password');
  if (user !== '' && password === '') {
    throw new RedisUriError(
      'a Redis URI with a user needs a password, too (user:password@); for a password alone write :password@',
    );
  }
  return { user: user || undefined, password: password || undefined };
}

function hostsOf(text: string, defaultPort: number): HostAddress[] {
  const texts = text.split(',');
  if (texts.length > hostsMax) {
    throw new RedisUriError(`a Redis URI names at most ${hostsMax} servers`);
  }
  return texts.map((item) => {
    const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/i.exec(item.trim());
    const host = match?.[1] ?? match?.[2];
    const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
    if (host === undefined || port < 1 || port > 65_535) {
      throw new RedisUriError(
        'a Redis URI names each server as host or host:port, with a port from 1 to 65535',
      );
    }
    return { host, port };
  });
}

function databaseOf(text: string): number {
  if (text === '') return 0;
  if (!/^\d{1,6}$/.test(text)) {
    throw new RedisUriError('the database of a Redis URI is a number, for example /1');
  }
  return Number(text);
}

function tlsOf(query: URLSearchParams): RedisTls {
  const insecure = query.get('insecure') ?? 'false';
  if (insecure !== 'true' && insecure !== 'false') {
    throw new RedisUriError('the option insecure of a Redis URI is true or false');
  }
  const tls = {
    caFile: query.get('ca') ?? undefined,
    certFile: query.get('cert') ?? undefined,
    keyFile: query.get('key') ?? undefined,
    serverName: query.get('servername') ?? undefined,
    isInsecure: insecure === 'true',
  };
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    throw new RedisUriError('the options cert and key of a Redis URI come together');
  }
  return tls;
}

function refuseUnknownOptions({ kind, isTls, query }: Parts): void {
  const known = [
    ...(isTls ? tlsOptions : []),
    ...(kind === 'unix' ? ['db'] : []),
    ...(kind === 'sentinel' ? sentinelOptions : []),
  ];
  for (const name of query.keys()) {
    if (known.includes(name)) continue;
    const isTlsOption = tlsOptions.includes(name);
    // Only names that are ours are quoted: anything else may be half a password.
    throw new RedisUriError(
      isTlsOption
        ? `the option ${name} is for TLS: write rediss:// instead of redis://`
        : `this Redis URI takes ${known.length > 0 ? `the options ${known.join(', ')} only` : 'no options'}`,
    );
  }
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RedisUriError(`${what} of a Redis URI has a % that is no escape; write it as %25`);
  }
}

function shownUser({ user }: RedisLogin): string {
  return user === undefined ? '' : `${encodeURIComponent(user)}@`;
}

function shownUri({ scheme, login }: Parts, hosts: readonly HostAddress[], path: string): string {
  return `${scheme}://${shownUser(login)}${hosts.map(addressText).join(',')}${path}`;
}
