import { describe, expect, test } from 'bun:test';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { buildCall, requestBytesMax } from '../../src/driver/request.ts';
import { canonicalJson } from '../../src/lib/canonical_json.ts';
import { verify } from '../../src/lib/signature.ts';
import { hashedId, sampleRequest } from './sample_request.ts';

const nowMs = 1_767_225_600_000;

describe('the body of a call', () => {
  test('has exactly the members of the protocol', () => {
    const request = sampleRequest({ generation: 2, requestVersion: 2, attempt: 1 });
    const body: unknown = JSON.parse(buildCall(request, { nowMs }).body);
    const event: unknown = JSON.parse(request.event);
    expect(body).toEqual({
      ctx: {
        attempt: 1,
        disable_immediate_execution: false,
        env: '',
        fn_id: request.fnId,
        generation_id: 2,
        job_id: 'f3b1',
        max_attempts: 5,
        qi_id: request.queueItemToken,
        request_id: request.requestId,
        run_id: request.runId,
        stack: { current: 1, stack: [hashedId] },
        step_id: 'step',
        use_api: false,
      },
      defers: {},
      event,
      events: [event],
      steps: { [hashedId]: { data: 'first result' } },
      use_api: false,
      version: 2,
    });
  });

  test('leaves out generation, request and job id while they are empty', () => {
    const { body } = buildCall(sampleRequest({ requestId: '', itemId: '' }), { nowMs });
    expect(body).not.toMatch(/generation_id|request_id|job_id/);
  });

  test('names the step `step` also when one planned step is called', () => {
    const call = buildCall(sampleRequest({ stepId: hashedId }), { nowMs });
    expect(call.body).toContain('"step_id":"step"');
    expect(new URL(call.url).searchParams.get('stepId')).toBe(hashedId);
    expect(call.headers['X-Inngest-Step-ID']).toBe(hashedId);
  });

  test('is canonical JSON whatever events and memos hold', () => {
    const json = fc.jsonValue({ stringUnit: 'grapheme' });
    const memo = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 8 }), json.map(canonicalJson));
    const arbitrary = fc.record({
      events: fc.array(json, { minLength: 1, maxLength: 3 }),
      steps: fc.uniqueArray(memo, { selector: ([id]) => id, maxLength: 8 }),
      defers: fc.dictionary(fc.string(), fc.record({ abortable: fc.boolean() })),
      stack: fc.array(fc.string(), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ events, steps, defers, stack }) => {
        const { body } = buildCall(
          sampleRequest({
            event: canonicalJson(events[0]),
            events: canonicalJson(events),
            steps,
            defers,
            stack,
          }),
          { nowMs },
        );
        expect(body).toBe(String(canonicalize(JSON.parse(body))));
      }),
    );
  });

  test('takes the first of two memos for one step', () => {
    const steps = [
      ['b', '{"data":1}'],
      ['a', '{"data":2}'],
      ['b', '{"data":3}'],
    ] as const;
    const { body } = buildCall(sampleRequest({ steps }), { nowMs });
    expect(body).toContain('"steps":{"a":{"data":2},"b":{"data":1}}');
  });

  test('leaves memos to be fetched when the state is too large, but keeps the events', () => {
    const request = sampleRequest({ stepsTooLarge: true });
    const { body } = buildCall(request, { nowMs });
    expect(body).toContain(`"events":${request.events},"steps":{},"use_api":true`);
    expect(body).toMatch(/"step_id":"step","use_api":true/);
  });

  test('leaves events and memos to be fetched above 4 MiB, counted in bytes', () => {
    const frame = buildCall(sampleRequest({ steps: [['a', '""']] }), { nowMs }).body;
    const room = requestBytesMax - Buffer.byteLength(frame);
    const fits = `"${'é'.repeat(Math.floor(room / 2))}${'x'.repeat(room % 2)}"`;
    const full = buildCall(sampleRequest({ steps: [['a', fits]] }), { nowMs });
    expect(Buffer.byteLength(full.body)).toBe(requestBytesMax);
    const request = sampleRequest({ steps: [['a', `"x${fits.slice(1)}`]] });
    const { body } = buildCall(request, { nowMs });
    expect(body).toContain(`"event":${request.event},"events":[],"steps":{},"use_api":true`);
    expect(body).toMatch(/"step_id":"step","use_api":true/);
    expect(body).toContain(hashedId);
  });
});

describe('URL and headers of a call', () => {
  test('the URL keeps its parameters and gets the step', () => {
    const url = 'https://app.example/api?fnId=a%20b&step=step&x=1';
    const params = new URL(buildCall(sampleRequest({ url }), { nowMs }).url).searchParams;
    expect(Object.fromEntries(params)).toEqual({
      fnId: 'a b',
      step: 'step',
      x: '1',
      stepId: 'step',
    });
  });

  test('the headers are those of the protocol and no others', () => {
    const trace = { traceparent: '00-1-2-01', tracestate: 'inngest@app=x' };
    expect(buildCall(sampleRequest({ generation: 3, ...trace }), { nowMs }).headers).toEqual({
      'Content-Type': 'application/json',
      'account-id': '00000000-0000-4000-a000-000000000000',
      'X-Run-ID': '01JV8W3R9V2Y7M6S6S3F2K4N5P',
      'X-Inngest-Step-ID': 'step',
      'x-request-id': '01JV8W3R9V2Y7M6S6S3F2K4N5Q',
      'x-inngest-job-id': 'f3b1',
      'x-inngest-generation-id': '3',
      'x-inngest-req-version': '-1',
      ...trace,
    });
    expect(buildCall(sampleRequest(), { nowMs }).headers).not.toHaveProperty(
      'x-inngest-generation-id',
    );
  });

  test('a signing key signs the body, prefix or not', () => {
    const call = buildCall(sampleRequest(), { signingKey: 'signkey-prod-ab12', nowMs });
    const signature = call.headers['X-Inngest-Signature'] ?? '';
    expect(signature).toMatch(/^t=1767225600&s=[0-9a-f]{64}$/);
    expect(verify(signature, [call.body], 'ab12')).toBe(true);
  });
});
