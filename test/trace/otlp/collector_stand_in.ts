/** A collector that keeps what it gets and answers as it is told. */
import { gunzipSync } from 'node:zlib';
import { decodeMessage } from '../../../src/trace/otlp/messages.ts';

export interface CollectedSpan {
  readonly scope: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: unknown;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly status: { readonly code?: unknown; readonly message?: unknown };
  readonly events: readonly string[];
  readonly links: readonly string[];
}

export interface Collector {
  readonly url: string;
  readonly requests: { readonly path: string; readonly headers: Headers }[];
  /** Of requests that were answered with 200. */
  readonly spans: CollectedSpan[];
  readonly resources: Readonly<Record<string, unknown>>[];
  /** Answers of the next requests; afterwards all is well. */
  readonly answers: (() => Response | Promise<Response>)[];
  stop(): Promise<void>;
}

export function startCollector(): Collector {
  const requests: Collector['requests'] = [];
  const spans: CollectedSpan[] = [];
  const resources: Readonly<Record<string, unknown>>[] = [];
  const answers: Collector['answers'] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      requests.push({ path: new URL(request.url).pathname, headers: request.headers });
      const sent = await request.bytes();
      const isPacked = request.headers.get('content-encoding') === 'gzip';
      const body = isPacked ? gunzipSync(sent) : sent;
      const answer = (await answers.shift()?.()) ?? new Response(null);
      if (answer.ok) {
        const isJson = request.headers.get('content-type') === 'application/json';
        const message = isJson
          ? JSON.parse(new TextDecoder().decode(body))
          : decodeMessage('request', body);
        resources.push(
          ...list(message, 'resourceSpans').map((at) => attributesOf(Reflect.get(at, 'resource'))),
        );
        spans.push(...spansIn(message));
      }
      return answer;
    },
  });
  const url = `http://127.0.0.1:${server.port}`;
  return { url, requests, spans, resources, answers, stop: () => server.stop(true) };
}

function spansIn(message: object): CollectedSpan[] {
  return list(message, 'resourceSpans').flatMap((resource) =>
    list(resource, 'scopeSpans').flatMap((scope) => {
      const name = String(Reflect.get(Object(Reflect.get(scope, 'scope')), 'name'));
      return list(scope, 'spans').map((span) => collected(name, span));
    }),
  );
}

function collected(scope: string, span: object): CollectedSpan {
  const field = (name: string): unknown => Reflect.get(span, name);
  return {
    scope,
    traceId: hex(field('traceId')),
    spanId: hex(field('spanId')),
    parentSpanId: hex(field('parentSpanId')),
    name: String(field('name')),
    kind: field('kind'),
    startMs: milliseconds(field('startTimeUnixNano')),
    endMs: milliseconds(field('endTimeUnixNano')),
    attributes: attributesOf(span),
    status: Object(field('status')),
    events: list(span, 'events').map((event) => String(Reflect.get(event, 'name'))),
    links: list(span, 'links').map((link) => hex(Reflect.get(link, 'spanId'))),
  };
}

function attributesOf(holder: unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    list(Object(holder), 'attributes').map((pair) => {
      const [kind, value] = Object.entries(Object(Reflect.get(pair, 'value')))[0] ?? [];
      return [String(Reflect.get(pair, 'key')), kind === 'intValue' ? Number(value) : value];
    }),
  );
}

function list(holder: object, name: string): readonly object[] {
  const value: unknown = Reflect.get(holder, name);
  return Array.isArray(value) ? value : [];
}

function hex(id: unknown): string {
  return id instanceof Uint8Array ? Buffer.from(id).toString('hex') : String(id ?? '');
}

/** Microseconds fit into a number, nanoseconds do not. */
function milliseconds(nanoseconds: unknown): number {
  return Number(BigInt(String(nanoseconds)) / 1_000n) / 1_000;
}
