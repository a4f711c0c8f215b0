import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { interpret, type RawResponse, responseBytesMax } from '../../src/driver/response.ts';
import { sign } from '../../src/lib/signature.ts';

const nowMs = 1_767_225_600_000;
const context = {
  appName: 'shop',
  functionSlug: 'shop-charge',
  url: 'http://user:pass@localhost:3000/api/inngest?token=secret',
  nowMs,
};
const sdk = { 'X-Inngest-SDK': 'inngest-js:v4.24.0' };

function answer(changes: Partial<RawResponse>) {
  return interpret({ status: 200, headers: sdk, body: 'null', ...changes }, context);
}

function failedAnswer(changes: Partial<RawResponse>) {
  const outcome = answer(changes);
  if (outcome.kind !== 'failed') throw new Error(`expected a failure, got ${outcome.kind}`);
  return outcome;
}

describe('a 206', () => {
  const stepRun = '[{"op":"StepRun","id":"a","data":1}]';

  test('is opcodes, with request version and retry headers', () => {
    const headers = { ...sdk, 'x-inngest-req-version': '2', 'retry-after': '30' };
    expect(answer({ status: 206, headers, body: stepRun })).toMatchObject({
      kind: 'opcodes',
      ops: [{ op: 'StepRun', id: 'a', dataText: '1' }],
      requestVersion: 2,
      noRetry: false,
      retryAtMs: nowMs + 30_000,
      sdk: 'inngest-js:v4.24.0',
    });
  });

  test.each([
    ['true', true],
    ['TRUE', false],
    ['false', false],
  ])('x-inngest-no-retry: %s overrides what a StepError says', (header, noRetry) => {
    const body = JSON.stringify([{ op: 'StepError', id: 'a', error: { noRetry: !noRetry } }]);
    const headers = { ...sdk, 'x-inngest-no-retry': header };
    expect(answer({ status: 206, headers, body })).toMatchObject({
      noRetry,
      ops: [{ error: { noRetry } }],
    });
  });

  test('without a readable version has none', () => {
    const headers = { ...sdk, 'x-inngest-req-version': 'two' };
    expect(answer({ status: 206, headers, body: stepRun })).toMatchObject({ requestVersion: null });
  });

  test('that is empty is a retriable failure', () => {
    expect(failedAnswer({ status: 206, body: '' })).toMatchObject({
      code: 'no_response_data',
      isRetriable: true,
      error: { message: 'no response data' },
    });
  });

  test('that cannot be read names the entry, and app, function and URL without secrets', () => {
    const outcome = failedAnswer({ status: 206, body: '[{"op":"StepNotFound"}]' });
    expect(outcome.code).toBe('invalid_opcodes');
    expect(outcome.error.message).toContain('opcode 0: op "StepNotFound"');
    expect(outcome.errorText).toContain('http://localhost:3000/api/inngest');
    expect(outcome.errorText).toContain('shop-charge');
    expect(outcome.errorText).not.toMatch(/pass|secret/);
  });

  test('that cannot be read is final when the SDK says no-retry', () => {
    const headers = { ...sdk, 'x-inngest-no-retry': 'true' };
    expect(failedAnswer({ status: 206, headers, body: '{' }).isRetriable).toBe(false);
  });
});

describe('another 2xx', () => {
  test.each([
    ['{"b":1,"a":2}', '{"a":2,"b":1}'],
    ['"{\\"b\\":1}"', '{"b":1}'],
    ['"\\"{}\\""', '"\\"{}\\""'],
    ['"[1]"', '"[1]"'],
    ['"text"', '"text"'],
    ['not json', '"not json"'],
    ['null', 'null'],
    ['', 'null'],
    ['12', '12'],
    ['{broken', '"{broken"'],
  ])('%s completes the function with %s', (body, resultText) => {
    expect(answer({ body })).toMatchObject({ kind: 'completed', resultText });
  });

  test('takes bytes as UTF-8', () => {
    const body = new TextEncoder().encode('"né"');
    expect(answer({ body })).toMatchObject({ kind: 'completed', resultText: '"né"' });
  });

  test.each([200, 206, 204, 201])('%d without the SDK header is not an SDK', (status) => {
    const outcome = failedAnswer({ status, headers: {}, body: '[{"op":"None","id":""}]' });
    expect(outcome).toMatchObject({ code: 'not_sdk', isRetriable: true });
    expect(outcome.error).toMatchObject({
      error: 'not_sdk: The response did not come from an Inngest SDK',
      name: 'not_sdk',
      message: 'The response did not come from an Inngest SDK',
    });
  });

  test('above 8 MiB is too large', () => {
    expect(failedAnswer({ body: 'x'.repeat(responseBytesMax + 1) })).toMatchObject({
      code: 'output_too_large',
      isRetriable: true,
      error: { message: "Your function's response body exceeds the maximum size limit" },
    });
    expect(answer({ body: 'x'.repeat(responseBytesMax) }).kind).toBe('completed');
  });

  test('nested too deeply is a failure that says so', () => {
    const body = '['.repeat(9000) + ']'.repeat(9000);
    expect(failedAnswer({ body }).code).toBe('output_too_deep');
  });
});

describe('a streamed 201', () => {
  test.each([
    ['a JSON string, as JS and Python send it', '[{"op":"StepRun","id":"a","data":1}]'],
    ['a JSON value, as Go sends it', [{ op: 'StepRun', id: 'a', data: 1 }]],
  ])('holds the answer as %s', (_, inner) => {
    const headers = { 'X-Inngest-Req-Version': '2', 'x-inngest-no-retry': 'true' };
    const body = `   \n  ${JSON.stringify({ status: 206, headers, body: inner })}`;
    expect(answer({ status: 201, body })).toMatchObject({
      kind: 'opcodes',
      requestVersion: 2,
      noRetry: true,
      ops: [{ op: 'StepRun', dataText: '1' }],
    });
  });

  test('may bring the SDK header only inside', () => {
    const body = JSON.stringify({ status: 200, headers: sdk, body: '"done"' });
    expect(answer({ status: 201, headers: {}, body })).toMatchObject({ resultText: '"done"' });
  });

  test("honours Go's members retryAt and noRetry", () => {
    const retryAt = new Date(nowMs + 60_000).toISOString();
    const body = { status: 500, headers: null, body: { message: 'no' }, retryAt, noRetry: true };
    expect(failedAnswer({ status: 201, body: JSON.stringify(body) })).toMatchObject({
      isRetriable: false,
      retryAtMs: nowMs + 60_000,
      error: { error: 'NonRetriableError', message: 'no' },
    });
  });

  test.each([
    ['    ', 'ended before the answer'],
    ['  {"status":2', 'not JSON'],
    ['{"status":"x"}', 'status:'],
    ['{"status":200,"error":"boom"}', 'error: boom'],
    ['[]', 'envelope:'],
  ])('that reads %p is a retriable failure that says why', (body, why) => {
    const outcome = failedAnswer({ status: 201, body });
    expect(outcome).toMatchObject({ code: 'invalid_stream', isRetriable: true });
    expect(outcome.errorText).toContain(why);
  });
});

describe('a non-2xx', () => {
  test('of an SDK carries its error', () => {
    const cause = { name: 'Error', message: 'inner' };
    const body = JSON.stringify({ name: 'TypeError', message: 'x', stack: 's', cause, code: 'C' });
    const outcome = failedAnswer({ status: 500, body });
    expect(outcome.isRetriable).toBe(true);
    expect(outcome.code).toBeUndefined();
    expect(JSON.parse(outcome.errorText)).toEqual({
      error: 'invalid status code: 500',
      name: 'TypeError',
      message: 'x',
      stack: 's',
      cause,
    });
  });

  test.each([
    ['{"error":{"name":"A","message":"m"},"message":"outer"}', { name: 'A', message: 'm' }],
    ['{"error":"{\\"name\\":\\"A\\",\\"message\\":\\"m\\"}"}', { name: 'A', message: 'm' }],
    ['{"body":"{\\"message\\":\\"m\\"}"}', { name: 'Error', message: 'm' }],
    ['{"error":"Could not find step"}', { name: 'Error', message: 'Could not find step' }],
    ['{}', { name: 'Error', message: 'Function execution error' }],
    ['[]', { name: 'Error', message: '[]' }],
    ['boom', { name: 'Error', message: 'boom' }],
    ['', { name: 'Error', message: 'Function execution error' }],
  ])('with body %s says %j', (body, error) => {
    expect(failedAnswer({ status: 500, body }).error).toMatchObject(error);
  });

  test.each([
    [500, { ...sdk }, true],
    [400, { ...sdk }, true],
    [400, { ...sdk, 'x-inngest-no-retry': 'true' }, false],
    [500, { ...sdk, 'x-inngest-no-retry': 'false' }, true],
    [400, { 'x-inngest-sdk': 'inngest-js:v1.10.0' }, false],
    [400, { 'x-inngest-sdk': 'inngest-js:v1.10.1' }, true],
    [400, { 'x-inngest-sdk': 'inngest-js:v2.4.0' }, false],
    [400, { 'x-inngest-sdk': 'inngest-js:v2.4.1' }, true],
    [500, { 'x-inngest-sdk': 'inngest-js:v1.0.0' }, true],
    [400, { 'x-inngest-sdk': 'go:v1.0.0' }, true],
  ])('%d with %j is retriable: %p', (status, headers, isRetriable) => {
    expect(failedAnswer({ status, headers, body: '{}' }).isRetriable).toBe(isRetriable);
  });

  test('that is final is called NonRetriableError', () => {
    const headers = { ...sdk, 'x-inngest-no-retry': 'true' };
    expect(failedAnswer({ status: 400, headers, body: '{}' }).error.error).toBe(
      'NonRetriableError',
    );
  });

  test('of something else keeps the first 8192 bytes of what it said', () => {
    const outcome = failedAnswer({ status: 502, headers: {}, body: `x${'é'.repeat(9000)}` });
    expect(outcome.error).toMatchObject({
      error: 'invalid status code: 502',
      name: 'Server returned a fatal error',
      message: 'Your server returned HTTP 502 before the SDK responded.',
    });
    expect(Buffer.byteLength(outcome.error.stack ?? '')).toBe(8191);
    expect(outcome.error.stack).not.toContain('\ufffd');
  });

  test('that refuses our signature says which keys to compare', () => {
    const headers = { 'x-inngest-sdk-handled': 'true' };
    const outcome = failedAnswer({ status: 401, headers, body: '{"message":"Unauthorized"}' });
    expect(outcome.errorText).toContain('INNGEST_SIGNING_KEY');
    expect(outcome.isRetriable).toBe(true);
  });

  test.each([
    ['5', nowMs + 5_000],
    [new Date(nowMs + 90_000).toUTCString(), nowMs + 90_000],
    ['9999999', nowMs + 86_400_000],
    ['soon', undefined],
  ])('with retry-after %s is retried at %p', (header, retryAtMs) => {
    const headers = { ...sdk, 'Retry-After': header };
    expect(failedAnswer({ status: 500, headers, body: '{}' }).retryAtMs).toBe(retryAtMs);
  });

  test('whose cause has no canonical form keeps the rest', () => {
    const body = `{"message":"m","cause":${'['.repeat(900)}${']'.repeat(900)}}`;
    expect(failedAnswer({ status: 500, body }).errorText).toContain('"message":"m"');
  });
});

describe('a signed answer', () => {
  const key = 'signkey-prod-ab12';
  const signed = (text: string, body: string) =>
    interpret(
      { status: 200, headers: { ...sdk, 'x-inngest-signature': sign(text, key, nowMs) }, body },
      { ...context, signingKey: 'ab12' },
    );

  test('counts when the raw or the canonical body was signed', () => {
    expect(signed('{"b":1, "a":2}', '{"b":1, "a":2}').kind).toBe('completed');
    expect(signed('{"a":2,"b":1}', '{"b":1, "a":2}').kind).toBe('completed');
    expect(signed('not json', 'not json').kind).toBe('completed');
  });

  test('with a wrong signature is a retriable failure', () => {
    expect(signed('{"a":1}', '{"a":2}')).toMatchObject({
      kind: 'failed',
      code: 'sig_verification_failed',
      isRetriable: true,
    });
  });

  test('is taken as it is by a server without a key', () => {
    const headers = { ...sdk, 'x-inngest-signature': 't=1&s=00' };
    expect(answer({ headers }).kind).toBe('completed');
  });

  test('is checked inside a stream as well', () => {
    const headers = { 'x-inngest-signature': sign('[]', key, nowMs) };
    const body = JSON.stringify({ status: 200, headers, body: '[1]' });
    const outcome = interpret({ status: 201, headers: sdk, body }, { ...context, signingKey: key });
    expect(outcome).toMatchObject({ code: 'sig_verification_failed' });
  });
});

test('whatever is answered, the outcome is whole and nothing is thrown', () => {
  const jsonText = fc.oneof(
    fc.json(),
    fc.string(),
    fc.json().map((text) => JSON.stringify(text)),
  );
  const opcode = fc.record({
    op: fc.constantFrom('StepRun', 'StepError'),
    id: fc.string(),
    data: fc.jsonValue(),
  });
  const body = fc.oneof(
    jsonText,
    fc.array(opcode).map((ops) => JSON.stringify(ops)),
    fc
      .record({
        status: fc.integer({ min: 100, max: 600 }),
        body: fc.jsonValue(),
        headers: fc.jsonValue(),
      })
      .map((e) => JSON.stringify(e)),
    fc.uint8Array(),
  );
  const headers = fc.record(
    {
      'x-inngest-sdk': fc.string(),
      'retry-after': fc.string(),
      'x-inngest-no-retry': fc.constantFrom('true', 'false', ''),
      'x-inngest-req-version': fc.string(),
      'x-inngest-signature': fc.string(),
    },
    { requiredKeys: [] },
  );
  const status = fc.oneof(
    fc.constantFrom(200, 201, 206, 400, 500),
    fc.integer({ min: 0, max: 700 }),
  );
  fc.assert(
    fc.property(status, headers, body, (code, given, content) => {
      const raw = { status: code, headers: given, body: content };
      const outcome = interpret(raw, { ...context, signingKey: 'ab12' });
      if (outcome.kind === 'completed') JSON.parse(outcome.resultText);
      if (outcome.kind !== 'failed') return;
      const error: unknown = JSON.parse(outcome.errorText);
      expect(error).toMatchObject({
        error: expect.any(String),
        name: expect.any(String),
        message: expect.stringMatching(/\S/),
      });
    }),
    { numRuns: 1000 },
  );
});
