/** What a developer sees once the server is up. */
import { redactRedisUri } from '../store/redis/redis_uri.ts';
import { redactPostgresUri } from './postgres_address.ts';
import type { Settings } from './settings.ts';
import { defaultPort } from './settings_reader.ts';
import { version } from './version.ts';

export function bannerText(settings: Settings, url: string, hasColor: boolean): string {
  const bold = (text: string): string => (hasColor ? `\x1b[1m${text}\x1b[0m` : text);
  const dim = (text: string): string => (hasColor ? `\x1b[2m${text}\x1b[0m` : text);
  const next =
    settings.mode === 'dev'
      ? `
  Next: start your app with ${bold(devVariable(url))}, then send it an event:
    curl ${url}/e/dev -d '{"name":"test/hello","data":{}}'
`
      : '';
  return `
  ${bold('inngest')} ${dim(version)}

  Address  ${bold(url)}
  Data     ${dataText(settings)}
  Apps     ${appsText(settings)}
${next}
`;
}

function dataText({ dataDir, redisUri, redisPrefix, postgresUri }: Settings): string {
  const work =
    redisUri === null
      ? (dataDir ?? 'in memory, gone when the server ends')
      : `${redactRedisUri(redisUri)}, keys {${redisPrefix}}`;
  if (postgresUri !== null) return `${work}; history in ${redactPostgresUri(postgresUri)}`;
  return redisUri === null ? work : `${work}; history in ${dataDir}`;
}

/** SDKs look at the usual port by themselves; any other they must be told. */
function devVariable(url: string): string {
  return `INNGEST_DEV=${new URL(url).port === String(defaultPort) ? '1' : url}`;
}

function appsText({ sdkUrls, isDiscoveryOn }: Settings): string {
  const searching = isDiscoveryOn ? 'looking on local ports' : '';
  if (sdkUrls.length > 0) return [...sdkUrls, ...(searching ? [searching] : [])].join(', ');
  return searching ? `${searching}; or name one with -u URL` : 'none named; add one with -u URL';
}
