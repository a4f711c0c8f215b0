/** The standard OTEL_* variables (OpenTelemetry: "OTLP exporter configuration"). Those with TRACES in them win. */
import { readFileSync } from 'node:fs';

export type Env = Readonly<Record<string, string | undefined>>;

export interface ExporterSettings {
  readonly url: string;
  readonly encoding: 'json' | 'protobuf';
  /** May hold secrets: never shown. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly isCompressed: boolean;
  readonly tls: TlsFiles | null;
  readonly resource: Readonly<Record<string, string>>;
  readonly queueMax: number;
  readonly batchMax: number;
  readonly delayMs: number;
  /** Whether inputs, outputs and results are sent. */
  readonly hasPayloads: boolean;
}

/** PEM texts. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** A variable with a value that cannot be used. Its message says which, and never shows the value of a header. */
export class OtlpSettingsError extends Error {
  override readonly name = 'OtlpSettingsError';
  readonly code = 'otlp_settings';
}

const timeoutMsDefault = 10_000;
const delayMsDefault = 5_000;
const batchMaxDefault = 512;
/** A step makes two spans: the standard's 2048 would last for a tenth of a second at full speed. */
const queueMaxDefault = 16_384;
/** Nobody wants more of any of these. */
const numberMax = 1_000_000;
const traces = 'OTEL_EXPORTER_OTLP_TRACES_';
const all = 'OTEL_EXPORTER_OTLP_';

/** Null when nothing is to be exported. Throws `OtlpSettingsError`. */
export function readExporterSettings(env: Env): ExporterSettings | null {
  if (isOn(env, 'OTEL_SDK_DISABLED') || !isExporterWanted(env)) return null;
  const url = urlOf(env);
  if (url === null) return null;
  const batchMax = numberOf(env, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', batchMaxDefault);
  const queueMax = numberOf(env, 'OTEL_BSP_MAX_QUEUE_SIZE', queueMaxDefault);
  return {
    url,
    encoding: encodingOf(env),
    headers: headersOf(env),
    timeoutMs: numberOf(env, nameOf(env, 'TIMEOUT'), timeoutMsDefault),
    isCompressed: compressionOf(env),
    tls: tlsOf(env),
    resource: resourceOf(env),
    queueMax,
    // A batch that never fills up would never leave before its time.
    batchMax: Math.min(batchMax, queueMax),
    delayMs: numberOf(env, 'OTEL_BSP_SCHEDULE_DELAY', delayMsDefault),
    hasPayloads: isOn(env, 'INNGEST_OTEL_PAYLOADS'),
  };
}

/** An empty variable is an unset one. */
function textOf(env: Env, name: string): string | null {
  return env[name]?.trim() || null;
}

/** Which of the two variables counts. */
function nameOf(env: Env, ending: string): string {
  return textOf(env, traces + ending) === null ? all + ending : traces + ending;
}

function isExporterWanted(env: Env): boolean {
  const name = 'OTEL_TRACES_EXPORTER';
  const wanted = (textOf(env, name) ?? 'otlp').toLowerCase().split(',');
  if (wanted.some((exporter) => exporter.trim() === 'otlp')) return true;
  if (wanted.some((exporter) => exporter.trim() === 'none')) return false;
  throw bad(name, 'use otlp, or none to export nothing');
}

function isOn(env: Env, name: string): boolean {
  const text = (textOf(env, name) ?? 'false').toLowerCase();
  if (text !== 'true' && text !== 'false') throw bad(name, 'use true or false');
  return text === 'true';
}

function urlOf(env: Env): string | null {
  const own = textOf(env, `${traces}ENDPOINT`);
  if (own !== null) return checkedUrl(`${traces}ENDPOINT`, own).href;
  const base = textOf(env, `${all}ENDPOINT`);
  if (base === null) return null;
  const url = checkedUrl(`${all}ENDPOINT`, base);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return url.href;
}

function checkedUrl(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw bad(name, 'use a URL such as http://localhost:4318');
  }
  if (url.username !== '' || url.password !== '') {
    throw bad(name, `leave user and password out of it and put them into ${all}HEADERS`);
  }
  return url;
}

function encodingOf(env: Env): ExporterSettings['encoding'] {
  const name = nameOf(env, 'PROTOCOL');
  switch (textOf(env, name)?.toLowerCase() ?? 'http/protobuf') {
    case 'http/protobuf':
      return 'protobuf';
    case 'http/json':
      return 'json';
    case 'grpc':
      throw bad(
        name,
        'grpc is not supported: use http/protobuf and the port that the collector has for it, 4318 as a rule',
      );
    default:
      throw bad(name, 'use http/protobuf or http/json');
  }
}

function compressionOf(env: Env): boolean {
  const name = nameOf(env, 'COMPRESSION');
  const text = textOf(env, name)?.toLowerCase() ?? 'none';
  if (text !== 'gzip' && text !== 'none') throw bad(name, 'use gzip or none');
  return text === 'gzip';
}

function headersOf(env: Env): Readonly<Record<string, string>> {
  const name = nameOf(env, 'HEADERS');
  const headers = pairsOf(env, name);
  try {
    // Refuses names and values that HTTP cannot carry; what it says could show the value.
    return Object.fromEntries(new Headers(headers).entries());
  } catch {
    throw bad(name, 'a header has a name or a value that HTTP cannot carry');
  }
}

function resourceOf(env: Env): Readonly<Record<string, string>> {
  const attributes = Object.fromEntries(pairsOf(env, 'OTEL_RESOURCE_ATTRIBUTES'));
  const service = textOf(env, 'OTEL_SERVICE_NAME') ?? attributes['service.name'] ?? 'inngest';
  return { ...attributes, 'service.name': service };
}

/** `k=v,k2=v2` with percent-encoded values. */
function pairsOf(env: Env, name: string): [string, string][] {
  const items = (textOf(env, name) ?? '').split(',').filter((item) => item.trim() !== '');
  return items.map((item, index) => {
    const at = item.indexOf('=');
    const key = item.slice(0, Math.max(at, 0)).trim();
    const value = decoded(item.slice(at + 1).trim());
    if (key === '' || value === null) {
      throw bad(name, `item ${index + 1} is not key=value with a percent-encoded value`);
    }
    return [decoded(key) ?? key, value];
  });
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that begins nothing.
    return null;
  }
}

function numberOf(env: Env, name: string, byDefault: number): number {
  const text = textOf(env, name);
  if (text === null) return byDefault;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > numberMax) {
    throw bad(name, `use a whole number from 1 to ${numberMax}`);
  }
  return value;
}

function tlsOf(env: Env): TlsFiles | null {
  const ca = fileOf(env, 'CERTIFICATE');
  const cert = fileOf(env, 'CLIENT_CERTIFICATE');
  const key = fileOf(env, 'CLIENT_KEY');
  if ((cert === undefined) !== (key === undefined)) {
    throw bad(
      nameOf(env, cert === undefined ? 'CLIENT_KEY' : 'CLIENT_CERTIFICATE'),
      [
        'a client certificate and its key go together:',
        `set ${all}CLIENT_CERTIFICATE and ${all}CLIENT_KEY`,
      ].join(' '),
    );
  }
  if (ca === undefined && cert === undefined) return null;
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

function fileOf(env: Env, ending: string): string | undefined {
  const name = nameOf(env, ending);
  const path = textOf(env, name);
  if (path === null) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw bad(name, `the PEM file cannot be read: ${reason}`);
  }
}

function bad(name: string, advice: string): OtlpSettingsError {
  return new OtlpSettingsError(`${name}: ${advice}.`);
}
