import { expect, test } from 'bun:test';
import { createOtlpExporter } from '../../../src/trace/otlp/exporter.ts';
import {
  type Env,
  OtlpSettingsError,
  readExporterSettings,
} from '../../../src/trace/otlp/exporter_settings.ts';
import { FakeClock } from '../../fake_clock.ts';

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

function refusal(env: Env): string {
  try {
    readExporterSettings({ ...endpoint, ...env });
  } catch (error) {
    if (error instanceof OtlpSettingsError) return error.message;
    throw error;
  }
  throw new Error('the settings were accepted');
}

test('nothing is exported unless a collector is named', () => {
  const parts = { clock: new FakeClock(), log: { warn: () => undefined } };
  for (const env of [
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' },
    { ...endpoint, OTEL_SDK_DISABLED: 'TRUE' },
    { ...endpoint, OTEL_TRACES_EXPORTER: 'none' },
    // Not looked at when nothing is exported.
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
  ]) {
    expect(createOtlpExporter(env, parts)).toBeNull();
  }
});

test('the defaults are those of the standard, with a longer queue', () => {
  expect(readExporterSettings(endpoint)).toEqual({
    url: 'http://collector:4318/v1/traces',
    encoding: 'protobuf',
    headers: {},
    timeoutMs: 10_000,
    isCompressed: false,
    tls: null,
    resource: { 'service.name': 'inngest' },
    queueMax: 16_384,
    batchMax: 512,
    delayMs: 5_000,
    hasPayloads: false,
  });
});

test('variables for traces win, and their endpoint is taken as it is', () => {
  const settings = readExporterSettings({
    ...endpoint,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces/in?key=1',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_HEADERS: 'a=1',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'Authorization=Basic%20x, b=2',
    OTEL_EXPORTER_OTLP_TIMEOUT: '1',
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '2',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=a,team=b%2Cc',
    OTEL_SERVICE_NAME: 'shop',
  });
  expect(settings).toMatchObject({
    url: 'https://traces/in?key=1',
    encoding: 'json',
    headers: { authorization: 'Basic x', b: '2' },
    timeoutMs: 2,
    isCompressed: true,
    resource: { 'service.name': 'shop', team: 'b,c' },
  });
});

test('the path of an endpoint is kept', () => {
  const at = (url: string) => readExporterSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: url })?.url;
  expect(at('http://c/otlp/')).toBe('http://c/otlp/v1/traces');
  expect(at('http://c')).toBe('http://c/v1/traces');
});

test('a value that cannot be used is refused by the name of its variable', () => {
  const bad: readonly (readonly [string, string])[] = [
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'collector:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://me:pw@collector'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'authorization'],
    ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'a=%zz'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a b=1'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', '1s'],
    ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zstd'],
    ['OTEL_EXPORTER_OTLP_CERTIFICATE', '/nowhere/ca.pem'],
    ['OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE', import.meta.path],
    ['OTEL_BSP_MAX_QUEUE_SIZE', '0'],
    ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '-1'],
    ['OTEL_BSP_SCHEDULE_DELAY', 'soon'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'a'],
    ['OTEL_SDK_DISABLED', '1'],
    ['OTEL_TRACES_EXPORTER', 'zipkin'],
    ['INNGEST_OTEL_PAYLOADS', 'yes'],
  ];
  for (const [name, value] of bad) {
    expect(refusal({ [name]: value })).toContain(name.replace('CLIENT_CERTIFICATE', 'CLIENT_KEY'));
  }
  expect(refusal({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toContain('http/protobuf');
});

test('no refusal shows the value of a header', () => {
  for (const value of ['authorization=%zzhush', 'a=hu\nsh', 'hush']) {
    expect(refusal({ OTEL_EXPORTER_OTLP_HEADERS: value })).not.toContain('hu');
  }
});
