/** Answers of an app to a call, as SDKs write them (sdk-http-protocol.md §3, §4). */
import { createHash } from 'node:crypto';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | ReadableStream<Uint8Array>;
}

export type Opcode = Record<string, unknown>;

const sdkHeaders = {
  'content-type': 'application/json',
  'x-inngest-sdk': 'inngest-js:v4.24.0',
  'x-inngest-req-version': '2',
};

function id(name: string): string {
  return createHash('sha1').update(name).digest('hex');
}

export function toResponse(reply: Reply): Response {
  return new Response(reply.body, { status: reply.status, headers: { ...reply.headers } });
}

/** Any text with the headers of an SDK. */
export function raw(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return { status, headers: { ...sdkHeaders, ...headers }, body };
}

/** Any JSON value with the headers of an SDK. */
export function answer(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return raw(status, JSON.stringify(body), headers);
}

/** 206 with opcodes. */
export function ops(...opcodes: readonly Opcode[]): Reply {
  return answer(206, opcodes);
}

/** 206 with opcodes, request version 1. */
export function opsV1(...opcodes: readonly Opcode[]): Reply {
  return answer(206, opcodes, { 'x-inngest-req-version': '1' });
}

/** 200 with the result of the function. */
export function done(result: unknown = null): Reply {
  return answer(200, result);
}

export interface FailureOptions {
  readonly status?: number;
  readonly noRetry?: boolean;
  readonly retryAfter?: string;
  readonly name?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A function-level error. */
export function failure(message: string, options: FailureOptions = {}): Reply {
  const { status = 500, noRetry = false, retryAfter, name = 'Error', headers = {} } = options;
  return answer(
    status,
    { name, message, stack: `${name}: ${message}\n    at app.js:1:1` },
    {
      'x-inngest-no-retry': String(noRetry),
      ...(retryAfter ? { 'retry-after': retryAfter } : {}),
      ...headers,
    },
  );
}

/** An answer without the header that tells an SDK from anything else. */
export function notAnSdk(status: number, body: string): Reply {
  return { status, headers: { 'content-type': 'text/plain' }, body };
}

const named = (name: string): Opcode => ({
  id: id(name),
  displayName: name,
  userland: { id: name },
});

export const stepRun = (name: string, data: unknown): Opcode => ({
  ...named(name),
  op: 'StepRun',
  data,
});
export const stepPlanned = (name: string, opts: Opcode = {}): Opcode => ({
  ...named(name),
  op: 'StepPlanned',
  opts,
});
export const stepError = (name: string, message: string): Opcode => ({
  ...named(name),
  op: 'StepError',
  error: { name: 'Error', message, stack: `Error: ${message}` },
});
export const stepFailed = (name: string, message: string): Opcode => ({
  ...named(name),
  op: 'StepFailed',
  error: { name: 'Error', message, stack: `Error: ${message}` },
});
/** A sleep as JS and Python write it: the duration is the name. */
export const sleep = (name: string, duration: string): Opcode => ({
  ...named(name),
  op: 'Sleep',
  name: duration,
});
export const waitForEvent = (name: string, event: string, opts: Opcode): Opcode => ({
  ...named(name),
  op: 'WaitForEvent',
  name: event,
  opts,
});
export const waitForSignal = (name: string, signal: string, opts: Opcode = {}): Opcode => ({
  ...named(name),
  op: 'WaitForSignal',
  opts: { signal, ...opts },
});
export const invoke = (name: string, functionId: string, opts: Opcode = {}): Opcode => ({
  ...named(name),
  op: 'InvokeFunction',
  opts: { function_id: functionId, payload: { data: {} }, ...opts },
});
export const gateway = (name: string, opts: Opcode): Opcode => ({
  ...named(name),
  op: 'Gateway',
  opts,
});
export const aiGateway = (name: string, opts: Opcode): Opcode => ({
  ...named(name),
  op: 'AIGateway',
  opts: { type: 'step.ai.infer', ...opts },
});
export const runComplete = (data: unknown): Opcode => ({
  ...named('complete'),
  op: 'RunComplete',
  data,
});
