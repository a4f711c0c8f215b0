/**
 * `POST /v1/traces/userland`: spans of user code over OTLP (http-api.md §6). What the exporter hears, good or bad, is
 * in the encoding it sent. Answers are never compressed: they are a few bytes, which gzip would only make more.
 */
import { Elysia } from 'elysia';
import { type Encoding, readExportRequest } from '../trace/otlp/export_request.ts';
import { encodeMessage, type MessageName } from '../trace/otlp/messages.ts';
import { unpack } from '../trace/otlp/unpacked.ts';
import { type SpanFacts, userlandFacts } from '../trace/otlp/userland.ts';
import { empty, json, plainText } from './answer.ts';
import { requireSigningKey } from './auth.ts';
import { mebibyte, readBytes } from './body.ts';
import { Problem } from './problem.ts';
import type { Services } from './services.ts';
import { runSpanBytesMax, runSpansMax, UserlandRoom } from './userland_room.ts';

const bodyBytesMax = 8 * mebibyte;
const noRoom = `a run has room for ${runSpansMax} spans and ${runSpanBytesMax / mebibyte} MiB of them: trace less, or sample`;

interface Door extends Pick<Services, 'annotations'> {
  readonly room: UserlandRoom;
}

/** google.rpc.Code of the statuses that this door answers with. */
const rpcCodes: Readonly<Record<number, number>> = { 400: 3, 413: 8, 415: 3 };

export function userlandTraceRoutes(services: Services) {
  const room = new UserlandRoom(services.history, services.clock);
  const door: Door = { annotations: services.annotations, room };
  return new Elysia()
    .onBeforeHandle(requireSigningKey(services))
    .post('/v1/traces/userland', async ({ request }) => accept(request, door), {
      parse: 'none',
    })
    .post('/dev/traces', async ({ request }) => acceptExact(request, door), { parse: 'none' });
}

/** The older path knows its two content types only, and says nothing when all is well (http-api.md §8.6). */
async function acceptExact(request: Request, door: Door): Promise<Response> {
  const type = request.headers.get('content-type') ?? '';
  if (type !== 'application/x-protobuf' && type !== 'application/json') {
    const shown = JSON.stringify(type.slice(0, 100));
    return plainText(`unable to handle unknown content type for traces: ${shown}`, { status: 400 });
  }
  const answer = await accept(request, door);
  return answer.ok ? empty() : answer;
}

async function accept(request: Request, door: Door): Promise<Response> {
  const encoding = encodingOf(request);
  const body = await readBytes(request, bodyBytesMax).catch(sizeProblem);
  if (body instanceof Problem) return refusal(encoding, body.status, body.message);
  const unpacked = await unpack(body, request.headers.get('content-encoding'), bodyBytesMax);
  switch (unpacked.kind) {
    case 'too_large':
      return refusal(encoding, 413, `The body unpacks to more than ${bodyBytesMax} bytes.`);
    case 'unknown_encoding':
      return refusal(encoding, 415, 'Content-Encoding: send gzip or nothing.');
    case 'broken':
      return refusal(encoding, 400, 'Invalid payload');
  }
  const groups = readExportRequest(unpacked.bytes, encoding);
  if (groups === null) return refusal(encoding, 400, 'Invalid payload');
  const { spans, rejected, reason } = await userlandFacts(groups);
  const left = rejected + (await keep(spans, door));
  if (left === 0) return answer(encoding, 'response', {}, 200);
  const partialSuccess = { rejectedSpans: String(left), errorMessage: reason ?? noRoom };
  return answer(encoding, 'response', { partialSuccess }, 200);
}

/** Resolves with how many spans there was no room for. */
async function keep(spans: readonly SpanFacts[], { annotations, room }: Door): Promise<number> {
  const taken: SpanFacts[] = [];
  for (const span of spans) if (await room.take(span.runId, span.bytes)) taken.push(span);
  try {
    await annotations.add(taken.flatMap(({ facts }) => facts));
  } catch (error) {
    for (const { runId, bytes } of taken) room.giveBack(runId, bytes);
    throw error;
  }
  return spans.length - taken.length;
}

function encodingOf(request: Request): Encoding {
  const type = request.headers.get('content-type') ?? '';
  return type.toLowerCase().includes('json') ? 'json' : 'protobuf';
}

function sizeProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  throw error;
}

/** OTLP wants a google.rpc.Status here, not our usual problem. The JSON form is the original's: no code. */
function refusal(encoding: Encoding, status: number, message: string): Response {
  const code = encoding === 'json' ? {} : { code: rpcCodes[status] };
  return answer(encoding, 'status', { ...code, message }, status);
}

function answer(encoding: Encoding, name: MessageName, value: object, status: number): Response {
  if (encoding === 'json') return json(value, { status });
  const headers = { 'content-type': 'application/x-protobuf' };
  return new Response(Buffer.from(encodeMessage(name, value)), { status, headers });
}
