/** The request that a Gateway (step.fetch) or AIGateway (step.ai.infer) opcode asks for (reference/sdk-http-protocol.md §5). */

import { z } from 'zod';
import type { Opcode } from './opcode.ts';
import type { RedirectRule } from './redirect.ts';

export interface GatewayRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A provider's key must not follow a redirect to another place. */
  readonly redirects: RedirectRule;
  /** The provider's key, '' when there is none: to be kept out of everything people see. */
  readonly secret: string;
  /** Realtime topic that gets a copy of the answer. */
  readonly publish?: { readonly channel: string; readonly topic: string };
}

const headersSchema = z
  .record(z.string(), z.union([z.string(), z.number(), z.array(z.string())]))
  .nullish();
const urlSchema = z
  .string()
  .refine((url) => /^https?:$/.test(URL.parse(url)?.protocol ?? ''), 'must be an http(s) URL');
const publishSchema = z.object({ channel: z.string(), topic: z.string() }).nullish();

const fetchSchema = z.object({
  url: urlSchema,
  method: z.string().nullish(),
  headers: headersSchema,
  body: z.unknown().optional(),
  publish: publishSchema,
});

const inferSchema = z.object({
  url: urlSchema,
  headers: headersSchema,
  auth_key: z.string().nullish(),
  format: z.string().nullish(),
  body: z.unknown().optional(),
  publish: publishSchema,
});

/** The request, or what is wrong with the opcode's options. */
export function gatewayRequest(op: Opcode): GatewayRequest | string {
  if (op.op === 'AIGateway') {
    const opts = inferSchema.safeParse(op.opts);
    return opts.success ? inferRequest(opts.data) : complaint(opts.error);
  }
  const opts = fetchSchema.safeParse(op.opts);
  return opts.success ? fetchRequest(opts.data) : complaint(opts.error);
}

function complaint(error: z.ZodError): string {
  const issue = error.issues[0];
  return `opts.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`;
}

function fetchRequest(opts: z.infer<typeof fetchSchema>): GatewayRequest {
  const method = (opts.method || 'POST').toUpperCase();
  const text = typeof opts.body === 'string' ? opts.body : textOf(opts.body);
  const body = method === 'GET' || method === 'HEAD' || text === '' ? undefined : text;
  return {
    url: opts.url,
    method,
    headers: plainHeaders(opts.headers),
    ...(body !== undefined && { body }),
    redirects: 'as_browser',
    secret: '',
    ...(opts.publish && { publish: opts.publish }),
  };
}

/** How a provider wants its key; anything else is taken for OpenAI's way (§5.1). */
function inferRequest(opts: z.infer<typeof inferSchema>): GatewayRequest {
  const secret = opts.auth_key ?? '';
  const url = new URL(opts.url);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (secret !== '') {
    if (opts.format === 'gemini') url.searchParams.set('key', secret);
    else if (opts.format === 'bedrock') headers.authorization = secret;
    else if (opts.format === 'anthropic') headers['x-api-key'] = secret;
    else headers.authorization = `Bearer ${secret}`;
  }
  return {
    url: url.href,
    method: 'POST',
    headers: { ...headers, ...plainHeaders(opts.headers) },
    body: textOf(opts.body),
    redirects: 'refuse',
    secret,
    ...(opts.publish && { publish: opts.publish }),
  };
}

function plainHeaders(headers: z.infer<typeof headersSchema>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(',') : String(value),
    ]),
  );
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
