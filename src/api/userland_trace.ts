/**
 * `POST /v1/traces/userland`: spans of user code over OTLP (http-api.md §6). They are read and dropped for
 * now, so that exporters in apps do not fail and retry.
 */
import { Elysia } from 'elysia';
import { json } from './answer.ts';
import { requireSigningKey } from './auth.ts';
import { mebibyte, readText } from './body.ts';
import type { Services } from './services.ts';

const bodyBytesMax = 8 * mebibyte;

export function userlandTraceRoutes(services: Services) {
  return new Elysia()
    .onBeforeHandle(requireSigningKey(services))
    .post('/v1/traces/userland', async ({ request }) => accept(request), { parse: 'none' });
}

async function accept(request: Request): Promise<Response> {
  const text = await readText(request, bodyBytesMax);
  if (!(request.headers.get('content-type') ?? '').includes('json')) {
    // An ExportTraceServiceResponse without fields has no bytes.
    return new Response(null, { headers: { 'content-type': 'application/x-protobuf' } });
  }
  // OTLP wants a google.rpc.Status here, not our usual problem.
  return isJsonObject(text) ? json({}) : json({ message: 'Invalid payload' }, { status: 400 });
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
