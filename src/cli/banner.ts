/** What a developer sees once the server is up. */
import type { Documents } from '../config/documents.ts';
import type { DeclaredFunction } from '../function/registration.ts';
import { redactRedisUri } from '../store/redis/redis_uri.ts';
import { redactPostgresUri } from './postgres_address.ts';
import type { Settings } from './settings.ts';
import { defaultPort } from './settings_reader.ts';
import { version } from './version.ts';

type Declared = Pick<Documents, 'sources' | 'functions'>;
type Paint = (text: string) => string;

/** More are counted, not named. */
const namesShownMax = 3;
const conditionCharsMax = 100;

export function bannerText(
  settings: Settings,
  url: string,
  hasColor: boolean,
  declared: Declared,
): string {
  const bold = (text: string): string => (hasColor ? `\x1b[1m${text}\x1b[0m` : text);
  const dim = (text: string): string => (hasColor ? `\x1b[2m${text}\x1b[0m` : text);
  const { functions } = declared;
  const rows = [
    ['Address', bold(url)],
    ['Data', dataText(settings)],
    ...(functions.length > 0 ? [['Declared', declaredText(declared)]] : []),
    ['Apps', appsText(settings)],
  ];
  const width = Math.max(...rows.map(([name = '']) => name.length)) + 2;
  return `
  ${bold('inngest')} ${dim(version)}

${rows.map(([name = '', text = '']) => `  ${name.padEnd(width)}${text}\n`).join('')}${
  settings.mode === 'dev' ? `\n${nextText(url, functions, bold)}` : ''
}

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

/** The functions of documents. */
function declaredText({ functions, sources }: Declared): string {
  const noun = functions.length === 1 ? 'function' : 'functions';
  const slugs = functions.map(({ slug }) => slug);
  return `${functions.length} ${noun} in ${firstOf(sources)}: ${firstOf(slugs)}`;
}

function firstOf(names: readonly string[]): string {
  const hidden = names.length - namesShownMax;
  const more = hidden > 0 ? ` and ${hidden} more` : '';
  return `${names.slice(0, namesShownMax).join(', ')}${more}`;
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

function nextText(url: string, functions: readonly DeclaredFunction[], bold: Paint): string {
  const event = startingEvent(functions);
  if (event !== null) {
    const { name, condition } = event;
    const only = condition === null ? '' : `\n    It has to satisfy: ${condition}`;
    return `  Next: send an event that starts a declared function:\n    ${curlText(url, name)}${only}\n`;
  }
  if (functions.length > 0)
    return '  Next: nothing to send, declared functions run by the clock.\n';
  const variable = bold(devVariable(url));
  return `  Next: start your app with ${variable}, then send it an event:\n    ${curlText(url, 'test/hello')}\n`;
}

function curlText(url: string, name: string): string {
  const body = JSON.stringify({ name, data: {} }).replaceAll("'", `'\\''`);
  return `curl ${url}/e/dev -d '${body}'`;
}

/** Preferably one that needs no certain data. Null when all of them run by the clock. */
function startingEvent(
  functions: readonly DeclaredFunction[],
): { readonly name: string; readonly condition: string | null } | null {
  const triggers = functions.flatMap((one) => one.triggers.filter((each) => 'event' in each));
  const chosen = triggers.find(({ expression }) => expression === undefined) ?? triggers[0];
  if (chosen === undefined) return null;
  const { event, expression = '' } = chosen;
  const line = expression.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  const isLong = line.length > conditionCharsMax;
  const condition = isLong ? `${line.slice(0, conditionCharsMax - 1)}…` : line;
  // A pattern stands for any ending.
  return { name: event.replaceAll('*', 'any'), condition: condition === '' ? null : condition };
}
