import { expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { UserlandSpanFact } from '../../src/history/fact.ts';
import { HistoryUnavailableError } from '../../src/history/history_error.ts';
import { StoreUnavailableError } from '../../src/store/store.ts';
import { decodeMessage, encodeMessage } from '../../src/trace/otlp/messages.ts';
import { type Door, openDoor, runId, signingKey } from './door.ts';

const path = '/v1/traces/userland';
const inJson = { 'content-type': 'application/json; charset=utf-8' };
const inProtobuf = { 'content-type': 'application/x-protobuf' };
const tp = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
const traceref = encodeURIComponent(JSON.stringify({ tp, ts: '' }));

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const own = [text('inngest.traceref', traceref), text('sdk.run.id', runId)];

const span = {
  traceId: '0A'.repeat(16),
  spanId: '1b'.repeat(8),
  parentSpanId: '2c'.repeat(8),
  name: 'work',
  kind: 3,
  startTimeUnixNano: '1767225600001500000',
  endTimeUnixNano: '1767225600004000000',
  attributes: own,
};

const request = (...spans: readonly object[]) => ({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

async function send(door: Door, ...spans: readonly object[]) {
  return await door.knock('POST', path, request(...spans), inJson);
}

async function stored(...spans: readonly object[]): Promise<UserlandSpanFact[]> {
  const door = openDoor();
  expect((await send(door, ...spans)).status).toBe(200);
  return door.world.annotations.filter((fact) => fact.t === 'userland');
}

test('spans in JSON and in protobuf are accepted in kind', async () => {
  const door = openDoor();
  const json = await door.knock('POST', path, { resourceSpans: [] }, inJson);
  expect([json.status, json.json()]).toEqual([200, {}]);
  const protobuf = await door.knock('POST', path, new Uint8Array([10, 0]), inProtobuf);
  expect([protobuf.status, protobuf.text]).toEqual([200, '']);
  expect(protobuf.headers.get('content-type')).toBe('application/x-protobuf');
});

test('a span is stored as it was sent', async () => {
  expect(await stored(span)).toEqual([
    {
      t: 'userland',
      runId,
      traceId: '0a'.repeat(16),
      spanId: '1b'.repeat(8),
      parentSpanId: '2c'.repeat(8),
      name: 'work',
      kind: 'CLIENT',
      status: 'Unset',
      atMs: 1_767_225_600_001,
      durationMs: 2.5,
      attributes: '{}',
      resourceAttributes: '{}',
    },
  ]);
});

test('both encodings mean the same span', async () => {
  const door = openDoor();
  const id = (hex: string) => Buffer.from(hex, 'hex');
  const bytes = encodeMessage(
    'request',
    request({
      ...span,
      traceId: id(span.traceId),
      spanId: id(span.spanId),
      parentSpanId: id(span.parentSpanId),
    }),
  );
  expect((await door.knock('POST', path, bytes, inProtobuf)).status).toBe(200);
  expect<unknown[]>(door.world.annotations).toEqual(await stored(span));
});

test('names of enums are read as well as their numbers', async () => {
  const named = { ...span, kind: 'SPAN_KIND_CONSUMER', status: { code: 'STATUS_CODE_OK' } };
  expect(await stored(named)).toMatchObject([{ kind: 'CONSUMER', status: 'Ok' }]);
});

test('lists and maps are kept, what the server alone may say is not', async () => {
  const attributes = [
    ...own,
    text('_inngest.executor.drop', 'true'),
    text('inngest.step.parentSpanId', '3d'.repeat(8)),
    text('inngest.step.hash', 'hash-1'),
    { key: 'big', value: { intValue: '9007199254740993' } },
    { key: 'list', value: { arrayValue: { values: [{ intValue: '1' }, { boolValue: false }] } } },
    { key: 'map', value: { kvlistValue: { values: [text('k', 'v')] } } },
    { key: 'bytes', value: { bytesValue: 'AQI=' } },
  ];
  const [fact] = await stored({ ...span, attributes });
  expect(fact).toMatchObject({ parentSpanId: '3d'.repeat(8), stepId: 'hash-1' });
  expect(JSON.parse(fact?.attributes ?? '')).toEqual({
    big: '9007199254740993',
    list: [1, false],
    map: { k: 'v' },
    bytes: 'AQI=',
  });
});

test('a span without a reference, a run, an id or a time is rejected, the others are kept', async () => {
  const door = openDoor();
  const bad = [
    { ...span, attributes: own.slice(1) },
    { ...span, attributes: [text('inngest.traceref', 'nonsense'), ...own.slice(1)] },
    { ...span, attributes: own.slice(0, 1) },
    { ...span, attributes: [...own.slice(0, 1), text('sdk.run.id', 'run-1')] },
    { ...span, traceId: '00'.repeat(16) },
    { ...span, spanId: 'xyz' },
    { ...span, startTimeUnixNano: '0', endTimeUnixNano: 0 },
    { ...span, startTimeUnixNano: '99999999999999999999999' },
    'no span',
  ];
  const answer = await send(door, ...bad.map(Object), span);
  expect(answer.json()).toEqual({
    partialSuccess: {
      rejectedSpans: String(bad.length),
      errorMessage: expect.stringContaining('inngest.traceref'),
    },
  });
  expect(door.world.annotations).toHaveLength(1);
});

test('a partial success in protobuf says how many spans were rejected', async () => {
  const body = encodeMessage('request', request({ name: 'x' }));
  const answer = await openDoor().handle(
    new Request(`http://localhost${path}`, {
      method: 'POST',
      body: Buffer.from(body),
      headers: inProtobuf,
    }),
  );
  expect(decodeMessage('response', await answer.bytes())).toMatchObject({
    partialSuccess: { rejectedSpans: '1' },
  });
});

test('attributes of a span are bounded, and what was left out is counted', async () => {
  const attributes = [...own, text('large', 'x'.repeat(70_000)), text('small', 'y')];
  const [fact] = await stored({ ...span, attributes, droppedAttributesCount: 2 });
  expect(JSON.parse(fact?.attributes ?? '')).toEqual({
    small: 'y',
    'otel.dropped_attributes_count': 3,
  });
});

test('what happened in a span is shown with its attributes, the first of it', async () => {
  const event = {
    timeUnixNano: '1767225600002250000',
    name: 'exception',
    attributes: [text('exception.type', 'TypeError'), text('exception.message', 'no')],
  };
  const [fact] = await stored({ ...span, events: [event, 'no event', { name: 'retry' }] });
  expect(JSON.parse(fact?.attributes ?? '')).toEqual({
    'otel.events': [
      {
        name: 'exception',
        time: '2026-01-01T00:00:00.002Z',
        attributes: { 'exception.type': 'TypeError', 'exception.message': 'no' },
      },
      { name: 'retry' },
    ],
  });
  const [busy] = await stored({ ...span, events: Array.from({ length: 40 }, () => event) });
  const shown = JSON.parse(busy?.attributes ?? '');
  expect(shown['otel.events']).toHaveLength(32);
  expect(shown['otel.dropped_events_count']).toBe(8);
});

test('more spans than one request may have are rejected', async () => {
  const door = openDoor();
  const answer = await send(door, ...Array.from({ length: 10_003 }, () => span));
  expect(answer.at('partialSuccess', 'rejectedSpans')).toBe('3');
  expect(door.world.annotations).toHaveLength(10_000);
});

test('a body that is no request is 400 in the form OTLP asks for', async () => {
  const door = openDoor();
  for (const body of ['{', '[]', '1', '', '{"resourceSpans":{}}']) {
    const answer = await door.knock('POST', path, body, inJson);
    expect([answer.status, answer.json()]).toEqual([400, { message: 'Invalid payload' }]);
  }
  const answer = await door.knock('POST', path, new Uint8Array([255, 1, 2]), inProtobuf);
  expect(answer.status).toBe(400);
  expect(decodeMessage('status', Buffer.from(answer.text))).toEqual({
    code: 3,
    message: 'Invalid payload',
  });
});

test('more than 8 MiB of spans is 413, packed or not', async () => {
  const body = new Uint8Array(8 * 1024 * 1024 + 1);
  expect((await openDoor().knock('POST', path, body)).status).toBe(413);
  const packed = gzipSync(body);
  const headers = { ...inJson, 'content-encoding': 'gzip' };
  const answer = await openDoor().knock('POST', path, packed, headers);
  expect([answer.status, answer.json()]).toEqual([413, { message: expect.any(String) }]);
});

test('a packed body is unpacked; a broken or unknown packing is refused', async () => {
  const door = openDoor();
  const packed = gzipSync(JSON.stringify(request(span)));
  const knock = async (body: Uint8Array, encoding: string) =>
    (await door.knock('POST', path, body, { ...inJson, 'content-encoding': encoding })).status;
  expect(await knock(packed, 'gzip')).toBe(200);
  expect(door.world.annotations).toHaveLength(1);
  expect(await knock(packed.subarray(0, 20), 'gzip')).toBe(400);
  expect(await knock(packed, 'br')).toBe(415);
});

test('a store that is away is 503, so that the exporter tries again', async () => {
  const door = openDoor();
  door.world.failure = new StoreUnavailableError('away');
  expect((await send(door, span)).status).toBe(503);
});

test('start wants the signing key on both paths', async () => {
  const door = openDoor({ kind: 'cloud', signingKey });
  for (const at of [path, '/dev/traces']) {
    expect((await door.knock('POST', at, request(span), inJson)).status).toBe(401);
  }
});

test('the older path takes its two content types only', async () => {
  const door = openDoor();
  const refused = await door.knock('POST', '/dev/traces', request(span), inJson);
  expect([refused.status, refused.text]).toEqual([
    400,
    'unable to handle unknown content type for traces: "application/json; charset=utf-8"\n',
  ]);
  const headers = { 'content-type': 'application/json' };
  const taken = await door.knock('POST', '/dev/traces', request(span), headers);
  expect([taken.status, taken.text]).toEqual([200, '']);
  expect(door.world.annotations).toHaveLength(1);
});

test('whatever is sent, nothing fails unexpectedly', async () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.record({ stringValue: fc.oneof(fc.string(), fc.jsonValue()) }),
      fc.record({ intValue: fc.oneof(fc.integer(), fc.string(), fc.jsonValue()) }),
      fc.record({ doubleValue: fc.oneof(fc.double(), fc.jsonValue()) }),
      fc.record({ arrayValue: fc.record({ values: fc.array(tie('any')) }) }),
      fc.jsonValue(),
    ),
  })).any;
  const anySpan = fc.record(
    {
      traceId: fc.oneof(fc.constant(span.traceId), fc.jsonValue()),
      spanId: fc.oneof(fc.constant(span.spanId), fc.jsonValue()),
      parentSpanId: fc.jsonValue(),
      name: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
      kind: fc.jsonValue(),
      startTimeUnixNano: fc.oneof(fc.constant(span.startTimeUnixNano), fc.jsonValue()),
      endTimeUnixNano: fc.oneof(fc.bigInt().map(String), fc.jsonValue()),
      attributes: fc.oneof(
        fc.array(fc.record({ key: fc.string(), value })).map((more) => [...own, ...more]),
        fc.jsonValue(),
      ),
      status: fc.jsonValue(),
      events: fc.oneof(
        fc.array(fc.record({ name: fc.string(), attributes: fc.array(value) })),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: [] },
  );
  const body = fc.oneof(
    fc.array(anySpan, { maxLength: 3 }).map((spans) => JSON.stringify(request(...spans))),
    fc.jsonValue().map((json) => JSON.stringify({ resourceSpans: json })),
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 200 }),
  );
  const headers = fc.constantFrom<Record<string, string>>(inJson, inProtobuf, {
    ...inJson,
    'content-encoding': 'gzip',
  });
  const door = openDoor();
  await fc.assert(
    fc.asyncProperty(body, headers, async (sent, given) => {
      expect([200, 400]).toContain((await door.knock('POST', path, sent, given)).status);
      expect(door.logged).toEqual([]);
      for (const fact of door.world.annotations.splice(0)) JSON.parse(JSON.stringify(fact));
    }),
    { numRuns: 500 },
  );
});

test('nesting without end is refused or cut, never a failure', async () => {
  const door = openDoor();
  const depth = 200_000;
  const deep = `{"resourceSpans":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  expect((await door.knock('POST', path, deep, inJson)).status).toBe(400);
  let nested: object = { stringValue: 'x' };
  for (let level = 0; level < 1_000; level += 1) nested = { arrayValue: { values: [nested] } };
  const attributes = [...own, { key: 'deep', value: nested }];
  expect((await send(door, { ...span, attributes })).status).toBe(200);
});

const large = (spanId: string, of = runId) => ({
  ...span,
  spanId: spanId.padStart(16, '0'),
  attributes: [
    text('inngest.traceref', traceref),
    text('sdk.run.id', of),
    text('noise', 'x'.repeat(60_000)),
  ],
});
const fullRun = {
  partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringContaining('a run has room') },
};

test('a run has room for 8 MiB of spans, whatever else is sent; another run has its own', async () => {
  const door = openDoor();
  for (let n = 0; n < 138; n += 23) {
    const spans = Array.from({ length: 23 }, (_, index) => large((n + index + 1).toString(16)));
    expect((await send(door, ...spans)).json()).toEqual({});
  }
  const other = '01JV8W3R9V2Y7M6S6S3F2K4N5Q';
  expect((await send(door, large('fff'), large('fff', other))).json()).toEqual(fullRun);
  expect(door.world.annotations).toHaveLength(139);
});

test('a run has room for 10 000 spans', async () => {
  const door = openDoor();
  await send(door, ...Array.from({ length: 9_999 }, () => span));
  expect((await send(door, span, span)).json()).toEqual(fullRun);
});

test('history is asked for what a run has only when it is much, and then once a minute', async () => {
  const door = openDoor();
  let reads = 0;
  const known = await stored(...Array.from({ length: 130 }, (_, n) => large((n + 1).toString(16))));
  door.world.facts.get = (id) => {
    reads += 1;
    return id === runId ? known : [];
  };
  for (let n = 1; n <= 4; n += 1) expect((await send(door, large(`a${n}`))).json()).toEqual({});
  expect(reads).toBe(0);
  for (let n = 0; n < 5; n += 1) await send(door, large(`b${n}`));
  expect(reads).toBe(1);
  for (let n = 0; n < 5; n += 1) await send(door, large(`c${n}`));
  expect((await send(door, large('d'))).json()).toEqual(fullRun);
  expect(reads).toBe(1);
  door.world.clock.advance(60_000);
  expect((await send(door, large('d'))).json()).toEqual(fullRun);
  expect(reads).toBe(2);
});

test('while history is away, what this server has taken counts', async () => {
  const door = openDoor();
  door.world.facts.get = () => {
    throw new HistoryUnavailableError('away');
  };
  const spans = Array.from({ length: 139 }, (_, n) => large((n + 1).toString(16)));
  expect((await send(door, ...spans.slice(0, 100))).json()).toEqual({});
  expect((await send(door, ...spans.slice(100))).json()).toEqual(fullRun);
});

test('spans that could not be stored take no room: they are sent again', async () => {
  const door = openDoor();
  const spans = Array.from({ length: 100 }, (_, n) => large((n + 1).toString(16)));
  door.world.failure = new StoreUnavailableError('away');
  for (let n = 0; n < 3; n += 1) expect((await send(door, ...spans)).status).toBe(503);
  door.world.failure = null;
  expect((await send(door, ...spans)).json()).toEqual({});
});
